// Estimators of gradients through categorical samples, beside the exact gradient of one small
// model.
//
//   estimators [RUNS] [STEPS]
//
// A table, a row an estimator. bias: the distance of the mean gradient of the encoder over RUNS
// runs from the exact one, over the latter's norm; +-: what of it would come by chance alone;
// deviation: of a single gradient, likewise; us: processor time of a step of training, which
// nothing else may disturb; -ELBO: exact, of the model after STEPS steps by this estimator from one
// start. Bias and deviation are taken early, after a twentieth as many exact steps: later little is
// left of the exact gradient, since a step takes all images. VIMCO's gradient is that of another
// bound than the ELBO, from which its "bias" comes.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "core/plan/execution.h"
#include "models/categorical_vae.h"
#include "models/training/optimiser.h"

namespace abax {
namespace {

struct Row {
  const char* estimator;
  std::int64_t samples;
  float temperature;
};
constexpr Row rows[] = {
    {"gumbel", 1, 1.f},
    {"gumbel", 1, 0.5f},
    {"gumbel", 1, 0.1f},
    {"straight-through", 1, 1.f},
    {"straight-through", 1, 0.5f},
    {"reinmax", 1, 1.f},
    {"reinmax", 4, 1.f},
    {"nvil", 1, 1.f},
    {"nvil", 4, 1.f},
    {"rloo", 2, 1.f},
    {"rloo", 4, 1.f},
    {"vimco", 4, 1.f},
    {"exact", 1, 1.f},
};

constexpr std::int64_t batch = 64, side = 8;

/// Three variables of four values: 64 states.
CategoricalVae settings(const Row& row) {
  return {.image = {.network = {.size = {side, side, 1}, .kind = DenseNetwork{{32}}}},
          .latent = {.latents = 3,
                     .categories = 4,
                     .estimator = row.estimator,
                     .samples = row.samples,
                     .prior = "learned"}};
}

/// A bar, upright or lying, of one of four widths, at one of eight places each.
Tensor bars() {
  Tensor images({batch, side, side, 1});
  for (std::int64_t i = 0; i < batch; ++i)
    for (std::int64_t y = 0; y < side; ++y)
      for (std::int64_t x = 0; x < side; ++x) {
        const std::int64_t along = i % 2 == 0 ? x : y, start = i / 8, width = 1 + i / 2 % 4;
        const bool inside = (along - start + side) % side < width;
        images.as<float>()[static_cast<std::size_t>((i * side + y) * side + x)] = inside;
      }
  return images;
}

/// A graph of training with what is to be asked of it.
class Trainer {
 public:
  Trainer(Variables& store, const Row& row, const std::string& label, bool updates)
      : images_(bars()), weights_({batch}), graph_(store, Mode::train, label) {
    std::ranges::fill(weights_.as<float>(), 1.f);
    model_ = categorical_vae(graph_, settings(row), {.batch = batch});
    const Gradients slopes = gradients_of(model_.loss);
    std::vector<Value> outputs{model_.loss.sum};
    if (model_.metrics.contains("elbo")) outputs.push_back(model_.metrics.at("elbo").sum);
    if (updates) optimise({}, slopes);
    for (std::size_t i = 0; i < slopes.sums.size() && !updates; ++i)
      if (graph_.variable(slopes.parameters[i]).name.starts_with("encoder/"))
        slopes_.push_back(slopes.sums[i]);
    outputs.insert(outputs.end(), slopes_.begin(), slopes_.end());
    execution_.emplace(compile(graph_, outputs), store, workers_);
    for (const auto& [name, tensor] : {std::pair{"images", &images_}, {"weights", &weights_}})
      execution_->set(name, *tensor);
    execution_->set("kl_weight", 1.f);
    if (execution_->reads("temperature")) execution_->set("temperature", row.temperature);
    if (updates) execution_->set("learning_rate", 3e-3f);
  }

  void run(std::int64_t times) {
    for (std::int64_t i = 0; i < times; ++i) execution_->run();
  }
  double nats() { return -execution_->scalar(model_.metrics.at("elbo").sum) / batch; }
  /// The gradients of the encoder, one after another, of one more run.
  std::vector<double> slopes() {
    execution_->run();
    std::vector<double> result;
    for (const Value& slope : slopes_) {
      const auto elements = execution_->get(slope).as<float>();
      result.insert(result.end(), elements.begin(), elements.end());
    }
    return result;
  }

 private:
  Tensor images_, weights_;
  Graph graph_;
  Model model_;
  std::vector<Value> slopes_;
  Workers workers_{1};
  std::optional<Execution> execution_;
};

constexpr Row exact{"exact", 1, 1.f};

double norm(const std::vector<double>& x) {
  double square = 0;
  for (const double element : x) square += element * element;
  return std::sqrt(square);
}

void print(const Row& row, std::int64_t runs, std::int64_t steps) {
  Variables store(1);
  Trainer(store, exact, "begin", /*updates=*/true).run(steps / 20);
  if (std::string_view(row.estimator) == "nvil") {
    for (const char* part : {"encoder/", "decoder/", "prior/"}) store.freeze(part);
    Trainer(store, row, "baseline", /*updates=*/true).run(steps);
    for (const char* part : {"encoder/", "decoder/", "prior/"}) store.freeze(part, false);
  }
  const std::vector<double> right = Trainer(store, exact, "right", /*updates=*/false).slopes();
  Trainer trainer(store, row, "estimate", /*updates=*/false);
  std::vector<double> mean(right.size()), square(right.size());
  for (std::int64_t i = 0; i < runs; ++i) {
    const std::vector<double> slopes = trainer.slopes();
    for (std::size_t j = 0; j < slopes.size(); ++j)
      mean[j] += slopes[j] / static_cast<double>(runs),
          square[j] += slopes[j] * slopes[j] / static_cast<double>(runs);
  }
  double variance = 0;
  std::vector<double> distance(right.size());
  for (std::size_t j = 0; j < right.size(); ++j) {
    variance += std::max(square[j] - mean[j] * mean[j], 0.);
    distance[j] = mean[j] - right[j];
  }
  Variables fresh(1);
  Trainer training(fresh, row, "train", /*updates=*/true);
  const std::clock_t start = std::clock();
  training.run(steps);
  const double microseconds = 1e6 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  Trainer judge(fresh, exact, "judge", /*updates=*/false);
  judge.slopes();
  std::printf("%-17s %7d %11.1f %8.4f %7.4f %9.3f %7.0f %8.3f\n", row.estimator,
              static_cast<int>(row.samples), double{row.temperature}, norm(distance) / norm(right),
              std::sqrt(variance / static_cast<double>(runs)) / norm(right),
              std::sqrt(variance) / norm(right), microseconds / static_cast<double>(steps),
              judge.nats());
}

}  // namespace
}  // namespace abax

int main(int argc, char** argv) {
  const std::int64_t runs = argc > 1 ? std::atoll(argv[1]) : 1000;
  const std::int64_t steps = argc > 2 ? std::atoll(argv[2]) : 1000;
  std::printf("%-17s %7s %11s %8s %7s %9s %7s %8s\n", "estimator", "samples", "temperature", "bias",
              "+-", "deviation", "us", "-ELBO");
  for (const abax::Row& row : abax::rows) abax::print(row, runs, steps);
}
