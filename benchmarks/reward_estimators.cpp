// Estimators of the gradient of the expected reward, beside one another on a trained model.
//
//   reward_estimators RUN [DRAWS] [ITEMS]
//
// RUN is of a model that writes sequences; the reward is BLEU, of ITEMS lines of its training data
// (16) that stay the same while their samples are drawn anew DRAWS times (100), without dropout and
// without likelihood. A table, a row an estimator. reward: of samples; deviation: of a single
// gradient of all parameters from its mean, over the norm of that; cosine: of that mean with the
// right gradient, which is taken to be the mean of other draws of leave-one-out with 20 samples (by
// chance it may be above 1: norms are those of means without what chance adds to them); told: the
// square root of the metric estimator_variance; ms: processor time of a step.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "models/metrics/bleu.h"
#include "models/rewards/reward_training.h"
#include "tools/saved_run.h"
#include "tools/tasks/tasks.h"
#include "tools/training/rewards.h"
#include "tools/training/training_run.h"

namespace abax {
namespace {

const RewardObjective rows[] = {
    {.estimator = "leave-one-out", .samples = 20, .likelihood = 0},
    {.estimator = "leave-one-out", .samples = 10, .likelihood = 0},
    {.estimator = "leave-one-out", .samples = 5, .likelihood = 0},
    {.estimator = "leave-one-out", .samples = 2, .likelihood = 0},
    {.estimator = "self-critical", .samples = 5, .likelihood = 0},
    {.estimator = "self-critical", .samples = 1, .likelihood = 0},
    {.estimator = "minimum-risk", .samples = 5, .sharpness = 0.005, .likelihood = 0},
    {.estimator = "minimum-risk", .samples = 5, .sharpness = 0.05, .likelihood = 0},
    {.estimator = "minimum-risk", .samples = 5, .sharpness = 1, .likelihood = 0},
};

/// What each draw gives: the gradient, from how far a step of rate 1 moves the parameters.
struct Draws {
  std::vector<double> mean, square;  // of the elements of the gradient
  double reward = 0, told = 0, milliseconds = 0;
};

class Bench {
 public:
  Bench(const SavedRun& run, std::int64_t items) : settings_(run.settings) {
    for (const auto& [field, value] :
         {std::pair{"batch", std::to_string(items)}, {"batch-tokens", "0"}, {"accumulate", "1"}})
      set_value(settings_, field, FieldText{value});
    Fields all;
    fields(all, settings_);
    for (const char* dropout : {"dropout", "encoder-dropout", "decoder-dropout", "word-dropout"})
      if (all.find(dropout)) set_value(settings_, dropout, FieldText{"0"});
    settings_.reward.reward = "bleu";
    settings_.training.optimiser = {.name = "sgd"};
    task_ = make_task(settings_, &run.files());
    create_for_use(run, store_);
    batch_ = task_->source(Part::train)->make(0);
  }

  Draws draw(const RewardObjective& objective, std::int64_t draws, std::uint64_t seed) {
    settings_.reward.objective = objective;
    RewardConfig config =
        reward_config(settings_, *task_, learner_config(settings_.training, *task_), workers_);
    config.seed = seed;
    // Positions say here which draws they are.
    config.reward = [lines = *task_->written()](const DrawnSequence& drawn) {
      return sentence_bleu(lines.text(drawn.tokens), lines.text(drawn.reference)) / 100;
    };
    RewardTraining training(store_, config, workers_);
    const std::vector<Tensor> before = parameters();
    Draws all;
    for (std::int64_t i = -1; i < draws; ++i) {  // the first one makes plans
      const std::clock_t start = std::clock();
      batch_.position = i + 1;
      const Evaluation result = training.learn(batch_, {{"learning_rate", 1.f}});
      const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      add(all, before, i < 0 ? 0. : 1. / static_cast<double>(draws));
      if (i < 0) continue;
      all.reward += result.metrics.at("reward").mean() / static_cast<double>(draws);
      all.told += result.metrics.at("estimator_variance").mean() / static_cast<double>(draws);
      all.milliseconds += 1e3 * seconds / static_cast<double>(draws);
    }
    return all;
  }

 private:
  std::vector<Tensor> parameters() const {
    std::vector<Tensor> result;
    for (int i = 0; i < store_.count(); ++i)
      if (store_[i].role == Role::trainable) result.push_back(store_[i].value().clone());
    return result;
  }
  /// Adds the gradient, and puts the parameters back.
  void add(Draws& all, const std::vector<Tensor>& before, double share) {
    std::size_t tensor = 0, at = 0;
    for (int i = 0; i < store_.count(); ++i) {
      if (store_[i].role != Role::trainable) continue;
      const auto was = before[tensor++].as<float>();
      const auto now = store_[i].write().as<float>();
      all.mean.resize(at + was.size());
      all.square.resize(at + was.size());
      for (std::size_t j = 0; j < was.size(); ++j, ++at) {
        const double slope = double{was[j]} - double{now[j]};
        all.mean[at] += share * slope;
        all.square[at] += share * slope * slope;
        now[j] = was[j];
      }
    }
  }

  RunSettings settings_;
  std::unique_ptr<Task> task_;
  Variables store_;
  Workers workers_{1};
  data::Batch batch_;
};

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.);
}

/// Of a single gradient, summed over its elements.
double variance(const Draws& d, std::int64_t draws) {
  const double spread = std::accumulate(d.square.begin(), d.square.end(), 0.) - dot(d.mean, d.mean);
  return std::max(spread, 0.) * static_cast<double>(draws) / static_cast<double>(draws - 1);
}

/// Of the mean gradient, without what chance adds.
double norm(const Draws& d, std::int64_t draws) {
  const double square = dot(d.mean, d.mean) - variance(d, draws) / static_cast<double>(draws);
  return std::sqrt(std::max(square, 0.));
}

void print_table(const std::string& folder, std::int64_t draws, std::int64_t items) {
  Bench bench(open_run(folder, Which::best), items);
  const Draws right = bench.draw(rows[0], draws, /*seed=*/0);
  std::printf("%-14s %7s %9s %7s %9s %7s %8s %7s\n", "estimator", "samples", "sharpness", "reward",
              "deviation", "cosine", "told", "ms");
  std::uint64_t seed = 0;
  for (const RewardObjective& row : rows) {
    const Draws found = bench.draw(row, draws, ++seed);
    const double signal = norm(found, draws);
    std::printf("%-14s %7d %9.3f %7.4f %9.2f %7.3f %8.5f %7.1f\n", row.estimator.c_str(),
                static_cast<int>(row.samples), row.sharpness, found.reward,
                std::sqrt(variance(found, draws)) / signal,
                dot(found.mean, right.mean) / (signal * norm(right, draws)), std::sqrt(found.told),
                found.milliseconds);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace abax

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "reward_estimators RUN [DRAWS] [ITEMS]\n";
    return 2;
  }
  try {
    abax::print_table(argv[1], argc > 2 ? std::max(2ll, std::atoll(argv[2])) : 100,
                      argc > 3 ? std::atoll(argv[3]) : 16);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
