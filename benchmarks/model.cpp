// A training step of any model: its speed, its profile, and a trace for its twin in peers/.
//
//   model --mode speed --steps 250 --threads 1 ...   wall and processor time of a step, a
//                                                    JSON line
//   model --mode profile ...                         where the time goes, by op and by step
//   model --mode generate ...                        time of a token, greedy, a JSON line
//   model --mode export --out DIR --steps 20 ...     DIR gets what a twin needs: model.json,
//                                                    initial, batches and valid .safetensors
//   model --mode trace --out DIR --steps 20 ...      the same, then a JSON line a step and one of
//                                                    validation; DIR gets final.safetensors too;
//                                                    a step of a VQ-VAE has its batch's codes
//
// All other options are those of train (--model, --data, --width, --preset ...). With --random N
// the data are equally likely tokens of a vocabulary of N: no work is saved by their frequencies.
// Where a model draws noise, its batches have an input "noise" beside their own: what the steps of
// a trace draw. The temperature and the weight of a KL stay as they are at the first step.
#include <chrono>
#include <ctime>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <numeric>

#include "core/base/function_ref.h"
#include "core/base/text.h"
#include "core/io/json.h"
#include "core/io/safetensors.h"
#include "models/generation/coder.h"
#include "models/generation/generator.h"
#include "models/generation/sampling.h"
#include "models/registry.h"
#include "models/training/learner.h"
#include "tools/exit_codes.h"
#include "tools/training/training_run.h"

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

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

/// How long each step took, by the clock, and what all took of the processors, in milliseconds.
class Times {
 public:
  /// Runs a step and counts it unless it warms up.
  void measure(bool counts, FunctionRef<void()> step) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t used = std::clock();
    step();
    if (!counts) return;
    cpu_ += 1e3 * static_cast<double>(std::clock() - used) / CLOCKS_PER_SEC;
    wall_.push_back(milliseconds_since(start));
  }
  /// {"ms_per_<unit>": the mean, "median_ms": .., "least_ms": .., "cpu_ms": of all threads}. On a
  /// busy machine the last one still tells what one thread needs.
  Json::Object line(std::string_view unit) {
    const double total = std::accumulate(wall_.begin(), wall_.end(), 0.0);
    const auto count = static_cast<double>(wall_.size());
    std::ranges::sort(wall_);
    return {{str_cat("ms_per_", unit), total / count},
            {"median_ms", wall_[wall_.size() / 2]},
            {"least_ms", wall_.front()},
            {"cpu_ms", cpu_ / count}};
  }

 private:
  std::vector<double> wall_;
  double cpu_ = 0;
};

void write_parameters(const std::filesystem::path& path, const Variables& store) {
  SafetensorsContents contents;
  for (int i = 0; i < store.count(); ++i)
    if (store[i].role == Role::trainable)
      contents.tensors.emplace_back(store[i].name, store[i].value().view());
  write_safetensors(path, contents);
}

/// Their inputs, "<batch>/<input>".
void write_batches(const std::filesystem::path& path, const std::vector<data::Batch>& batches) {
  SafetensorsContents contents;
  for (std::size_t i = 0; i < batches.size(); ++i)
    for (const auto& [name, tensor] : batches[i].inputs)
      contents.tensors.emplace_back(str_cat(i, "/", name), tensor.view());
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

/// What a model's graphs of one mode draw and name "noise", run after run: another graph with the
/// same label on another store of the same seed draws the same numbers.
class Noise {
 public:
  Noise(const LearnerConfig& config, const BatchShape& shape, std::uint64_t seed, Mode mode,
        Workers& workers)
      : store_(seed) {
    const auto& build = config.model.entry().build;
    graphs_.emplace_back(store_, Mode::train);  // makes the parameters
    build(graphs_.back(), config.model, shape);
    if (mode != Mode::train) build(graphs_.emplace_back(store_, mode), config.model, shape);
    const auto& names = graphs_.back().given_names();
    if (const auto found = names.find("noise"); found != names.end()) {
      noise_ = found->second;
      execution_.emplace(compile(graphs_.back(), {noise_}), store_, workers);
    }
  }
  void add_to(data::Batch& batch, const Scalars& scalars) {
    if (!execution_) return;
    for (const auto& [name, tensor] : batch.inputs)
      if (execution_->reads(name)) execution_->set(name, tensor);
    for (const auto& [name, number] : scalars)
      if (execution_->reads(name)) execution_->set(name, number);
    execution_->run();
    Tensor copy(noise_.type());
    std::ranges::copy(execution_->get(noise_).as<float>(), copy.as<float>().begin());
    batch.inputs.emplace_back("noise", std::move(copy));
  }

 private:
  Variables store_;
  std::deque<Graph> graphs_;
  Value noise_;
  std::optional<Execution> execution_;
};

class Benchmark {
 public:
  Benchmark(const RunSettings& settings, const Extra& extra)
      : settings_(settings),
        extra_(extra),
        task_(make_task(settings)),
        store_(static_cast<std::uint64_t>(settings.training.seed)),
        workers_(static_cast<int>(settings.watch.threads)),
        config_(learner_config(settings.training, *task_)) {
    if (extra.random > 0)
      config_.model.derive(
          {{"vocabulary-size", extra.random}, {"source-vocabulary-size", extra.random}});
    learner_.emplace(store_, config_, workers_);
  }

  /// The first fifth of the steps warms up.
  void speed() {
    Times times;
    Tally loss;
    for (std::int64_t i = 0; i < steps(); ++i) {
      const data::Batch batch = make_batch(Part::train, i);
      times.measure(i >= steps() / 5, [&] { loss = step(batch); });
    }
    Json::Object line = times.line("step");
    line.insert(line.end(), {{"model", config_.model.name()},
                             {"threads", workers_.threads()},
                             {"gflop", learner_->step_flops() / 1e9},
                             {"loss", loss.mean()}});
    std::cout << to_text(line) << '\n';
  }

  /// Of the first shape of batches.
  void profile() {
    for (std::int64_t i = 0; i < steps(); ++i) {
      if (i == steps() / 5) learner_->learning().set_profiling(true);
      step(make_batch(Part::train, i));
    }
    std::cout << profile_table(learner_->learning(), ProfileBy::op) << '\n'
              << profile_table(learner_->learning(), ProfileBy::step);
  }

  /// The likeliest token each time, in streams as long as the context; the first one warms up.
  void generate() {
    Generator generator(store_, config_.model, workers_);
    const auto& context = config_.model.entry().context;
    const std::int64_t limit = context ? context(config_.model) : 0;
    const std::int64_t tokens = limit > 0 ? limit : 256;
    Sampler sampler({.temperature = 0});
    Random random(/*key=*/1);
    Times times;
    std::int32_t token = 0;
    float logit = 0;
    for (int stream = 0; stream < 4; ++stream) {
      token = 0;
      generator.reset();
      for (std::int64_t i = 0; i < tokens; ++i) {
        times.measure(stream > 0, [&] {
          const std::span<const float> logits = generator.next(token);
          token = sampler.draw(logits, random);
          logit = logits[static_cast<std::size_t>(token)];
        });
      }
    }
    Json::Object line = times.line("token");
    line.insert(
        line.end(),
        {{"model", config_.model.name()}, {"threads", workers_.threads()}, {"last", token}});
    line.emplace_back("logit", double{logit});
    std::cout << to_text(line) << '\n';
  }

  void write_start() const {
    std::filesystem::create_directories(out());
    std::ofstream(out() / "model.json") << to_text(description()) << '\n';
    write_parameters(out() / "initial.safetensors", store_);
    write_part("batches", Part::train, steps());
    if (const data::BatchSource* valid = task_->source(Part::valid))
      write_part("valid", Part::valid, valid->batches());
  }

  void trace() {
    write_start();
    std::optional<Coder> coder;
    if (config_.model.name().ends_with("vqvae")) coder.emplace(store_, config_.model, workers_);
    for (std::int64_t i = 0; i < steps(); ++i) {
      const data::Batch batch = make_batch(Part::train, i);
      Json::Object line{{"step", i + 1}};
      if (coder) line.emplace_back("codes", codes(*coder, batch));
      line.emplace_back("loss", step(batch).mean());
      std::cout << to_text(line) << '\n';
    }
    write_parameters(out() / "final.safetensors", store_);
    const data::BatchSource* valid = task_->source(Part::valid);
    if (!valid) return;
    const Tally loss = learner_->evaluate(*valid).loss;
    std::cout << to_text(Json::Object{{"loss", loss.mean()}, {"tokens", loss.count}}) << '\n';
  }

 private:
  std::filesystem::path out() const {
    return settings_.watch.out.empty() ? "." : settings_.watch.out;
  }
  std::int64_t steps() const { return settings_.training.steps; }
  data::Batch make_batch(Part part, std::int64_t position) const {
    data::Batch batch = task_->source(part)->make(position);
    if (extra_.random > 0) randomise(batch, extra_.random);
    return batch;
  }
  /// What a step takes of schedules: the model's stay as they are at the first step.
  Scalars scalars() const {
    Scalars scalars{{"learning_rate", settings_.training.rate.peak}};
    if (const auto& schedule = config_.model.entry().schedule)
      scalars.merge(schedule(config_.model, 0, steps()));
    return scalars;
  }
  void write_part(const std::string& name, Part part, std::int64_t count) const {
    std::vector<data::Batch> batches;
    for (std::int64_t i = 0; i < count; ++i) batches.push_back(make_batch(part, i));
    const bool trains = part == Part::train;
    // All batches of a model with noise have one shape.
    const auto& shapes = trains ? config_.train_shapes : config_.check_shapes;
    Workers workers(1);
    Noise noise(config_, shapes.front(), store_.seed(), trains ? Mode::train : Mode::evaluate,
                workers);
    for (data::Batch& batch : batches) noise.add_to(batch, scalars());
    write_batches(out() / (name + ".safetensors"), batches);
  }
  /// Of the images of a batch, one after another.
  Json::Array codes(Coder& coder, const data::Batch& batch) const {
    Json::Array list;
    const auto& shapes = task_->source(Part::train)->shapes();
    const Tensor all = coder.encode(batch.inputs, shapes[static_cast<std::size_t>(batch.shape)]);
    for (const std::int32_t code : all.as<std::int32_t>()) list.emplace_back(std::int64_t{code});
    return list;
  }
  Tally step(const data::Batch& batch) { return learner_->learn(batch, scalars()).loss; }
  /// What builds the model, and its optimiser.
  Json description() const {
    ModelSettings model = config_.model;
    Json::Object config;
    for (const auto& [name, value] : to_values([&](Fields& f) { fields(f, model); }))
      config.emplace_back(name, value);
    const OptimiserConfig& c = config_.optimiser;
    Json::Object training{{"optimiser", c.name},
                          {"lr", settings_.training.rate.peak},
                          {"momentum", c.momentum},
                          {"beta1", c.beta1},
                          {"beta2", c.beta2},
                          {"epsilon", c.epsilon},
                          {"weight_decay", c.weight_decay},
                          {"clip", c.clip}};
    for (const auto& [name, value] : scalars())
      if (name != "learning_rate") training.emplace_back(name, double{value});
    return Json::Object{
        {"model", model.name()}, {"config", std::move(config)}, {"training", std::move(training)}};
  }

  RunSettings settings_;
  Extra extra_;
  std::unique_ptr<Task> task_;
  Variables store_;
  Workers workers_;
  LearnerConfig config_;
  std::optional<Learner> learner_;
};

}  // namespace
}  // namespace abax

int main(int argc, char** argv) {
  using namespace abax;
  return guarded_main("model", [&] {
    std::vector<const char*> arguments(argv, argv + argc);
    const Extra extra = take_extra(arguments);
    const std::optional<TrainCall> call =
        parse_train_call(static_cast<int>(arguments.size()), arguments.data(), std::cout,
                         [](const std::string& run) { return open_run(run).settings; });
    if (!call) return int{exit_ok};
    Benchmark benchmark(call->settings, extra);
    if (extra.mode == "trace" && extra.random > 0)
      throw UsageError("--random is for measuring speed; a trace takes the data as they are");
    if (extra.mode == "speed")
      benchmark.speed();
    else if (extra.mode == "profile")
      benchmark.profile();
    else if (extra.mode == "generate")
      benchmark.generate();
    else if (extra.mode == "export")
      benchmark.write_start();
    else if (extra.mode == "trace")
      benchmark.trace();
    else
      throw UsageError(
          str_cat("--mode: speed, profile, generate, export or trace, not '", extra.mode, "'"));
    return int{exit_ok};
  });
}
