// A training step of any model: its speed, its profile, and a trace for its twin in peers/.
//
//   model --mode speed --steps 250 --threads 1 ...    wall time of all steps and of each, a JSON
//   line model --mode profile ...                          where the time goes, by op and by step
//   model --mode trace --out DIR --steps 20 ...       a JSON line a step; DIR gets initial,
//                                                     batches, valid and final .safetensors
//
// All other options are those of train (--model, --data, --width, --preset ...). With --random N
// the data are equally likely tokens of a vocabulary of N: no work is saved by their frequencies.
#include <chrono>
#include <filesystem>
#include <iostream>

#include "core/base/text.h"
#include "core/io/safetensors.h"
#include "tools/exit_codes.h"
#include "tools/learner.h"
#include "tools/training_run.h"

namespace abax {
namespace {

/// What this program takes beside the options of train.
struct Extra {
  std::string mode = "speed";
  std::int64_t random = 0;
};

/// Takes "--mode X" and "--random N" out of the arguments.
Extra take_extra(std::vector<const char*>& arguments) {
  Extra extra;
  for (std::size_t i = 1; i + 1 < arguments.size();) {
    const std::string_view name = arguments[i];
    if (name != "--mode" && name != "--random") {
      ++i;
      continue;
    }
    if (name == "--mode") extra.mode = arguments[i + 1];
    if (name == "--random") extra.random = std::stoll(arguments[i + 1]);
    arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i),
                    arguments.begin() + static_cast<std::ptrdiff_t>(i) + 2);
  }
  return extra;
}

void write_parameters(const std::filesystem::path& path, const Variables& store) {
  SafetensorsContents contents;
  for (int i = 0; i < store.count(); ++i)
    if (store[i].role == Role::trainable)
      contents.tensors.emplace_back(store[i].name, store[i].value.view());
  write_safetensors(path, contents);
}

/// The inputs of `count` batches, "<batch>/<input>".
void write_batches(const std::filesystem::path& path, const data::BatchSource& source,
                   std::int64_t count) {
  std::vector<data::Batch> batches;
  for (std::int64_t i = 0; i < count; ++i) batches.push_back(source.make(i));
  SafetensorsContents contents;
  for (std::size_t i = 0; i < batches.size(); ++i)
    for (const auto& [name, tensor] : batches[i].inputs)
      contents.tensors.emplace_back(text(i, "/", name), tensor.view());
  write_safetensors(path, contents);
}

/// Replaces all tokens by equally likely ones; a target stays uncounted where it was.
void randomise(data::Batch& batch, std::int64_t vocabulary) {
  Random random(stream_key(1, "benchmark", "tokens"), static_cast<std::uint64_t>(batch.position));
  for (auto& [name, tensor] : batch.inputs)
    if (name == "tokens" || name == "targets" || name == "source")
      for (std::int32_t& token : tensor.as<std::int32_t>())
        if (token >= 0) token = static_cast<std::int32_t>(random.below(vocabulary));
}

class Benchmark {
 public:
  Benchmark(const TrainOptions& o, const Extra& extra)
      : o_(o), extra_(extra), task_(make_task(o)), workers_(static_cast<int>(o.threads)) {
    LearnerConfig config = learner_config(o, *task_);
    if (extra.random > 0) {
      config.sizes.vocabulary = extra.random;
      if (config.sizes.source_vocabulary > 0) config.sizes.source_vocabulary = extra.random;
    }
    learner_.emplace(store_, config, workers_);
  }

  void speed() {
    std::vector<double> milliseconds;
    double loss = 0, counted = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (std::int64_t i = 0; i < o_.steps; ++i) {
      const auto start = std::chrono::steady_clock::now();
      const Tally tally = step(i);
      loss = tally.mean();
      counted += tally.count;
      milliseconds.push_back(milliseconds_since(start));
    }
    const double total = milliseconds_since(begin);
    std::ranges::sort(milliseconds);
    std::cout << to_text(Json::Object{{"model", o_.model},
                                      {"steps", o_.steps},
                                      {"threads", workers_.threads()},
                                      {"total_ms", total},
                                      {"median_ms", milliseconds[milliseconds.size() / 2]},
                                      {"least_ms", milliseconds.front()},
                                      {"counted", counted},
                                      {"gflop", learner_->step_flops() / 1e9},
                                      {"loss", loss}})
              << '\n';
  }

  /// Of the first shape of batches.
  void profile() {
    for (std::int64_t i = 0; i < o_.steps; ++i) {
      if (i == o_.steps / 5) learner_->learning().set_profiling(true);
      step(i);
    }
    std::cout << profile_table(learner_->learning(), ProfileBy::op) << '\n'
              << profile_table(learner_->learning(), ProfileBy::step);
  }

  void trace() {
    const std::filesystem::path out = o_.out.empty() ? "." : o_.out;
    std::filesystem::create_directories(out);
    write_parameters(out / "initial.safetensors", store_);
    write_batches(out / "batches.safetensors", train(), o_.steps);
    for (std::int64_t i = 0; i < o_.steps; ++i)
      std::cout << to_text(Json::Object{{"step", i + 1}, {"loss", step(i).mean()}}) << '\n';
    write_parameters(out / "final.safetensors", store_);
    const data::BatchSource* valid = task_->source(Part::valid);
    if (!valid) return;
    write_batches(out / "valid.safetensors", *valid, valid->batches());
    const Tally loss = learner_->evaluate(*valid).loss;
    std::cout << to_text(Json::Object{{"loss", loss.mean()}, {"tokens", loss.count}}) << '\n';
  }

 private:
  const data::BatchSource& train() const { return *task_->source(Part::train); }
  Tally step(std::int64_t position) {
    train().fill(position, batch_);
    if (extra_.random > 0) randomise(batch_, extra_.random);
    return learner_->learn(batch_, static_cast<float>(o_.lr));
  }
  static double milliseconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
        .count();
  }

  TrainOptions o_;
  Extra extra_;
  std::unique_ptr<Task> task_;
  Variables store_{1};
  Workers workers_;
  data::Batch batch_;
  std::optional<Learner> learner_;
};

}  // namespace
}  // namespace abax

int main(int argc, char** argv) {
  using namespace abax;
  return guarded_main("model", [&] {
    std::vector<const char*> arguments(argv, argv + argc);
    const Extra extra = take_extra(arguments);
    const std::optional<TrainOptions> options =
        parse_train_options(static_cast<int>(arguments.size()), arguments.data(), std::cout,
                            [](const std::string& run) { return open_run(run).options; });
    if (!options) return int{exit_ok};
    Benchmark benchmark(*options, extra);
    if (extra.mode == "speed")
      benchmark.speed();
    else if (extra.mode == "profile")
      benchmark.profile();
    else if (extra.mode == "trace")
      benchmark.trace();
    else
      throw UsageError(text("--mode: speed, profile or trace, not '", extra.mode, "'"));
    return int{exit_ok};
  });
}
