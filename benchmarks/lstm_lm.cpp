// The training step of the LSTM language model: its speed, its profile, and a trace for the twin in
// peers/.
//
//   lstm_lm --mode speed --width 200 --steps 250      wall time of all steps and of each, a JSON
//   line lstm_lm --mode profile --width 200                where the time goes, by op and by step
//   lstm_lm --mode trace --data book.txt --out DIR    a JSON line a step; DIR gets initial,
//   batches, valid
//                                                     and final .safetensors, which the twin reads
#include <chrono>
#include <filesystem>
#include <iostream>

#include "core/base/text.h"
#include "core/io/safetensors.h"
#include "tools/exit_codes.h"
#include "tools/data/token_stream.h"
#include "tools/learner.h"
#include "tools/option_set.h"
#include "tools/text_data.h"

namespace abax {
namespace {

struct BenchmarkOptions {
  std::string mode = "speed";
  std::int64_t vocabulary = 10000;
  std::int64_t width = 200;
  std::int64_t layers = 2;
  std::int64_t batch = 20;
  std::int64_t length = 35;
  std::int64_t steps = 50;
  std::int64_t threads = 1;
  double lr = 0.002;
  double clip = 0;
  bool tied = false;
  std::string data, out, tokens = "characters";
};

OptionSet option_set(BenchmarkOptions& o) {
  OptionSet set("lstm_lm", "Measures the training step of the LSTM language model.");
  set.add("mode", &o.mode, "what to do").one_of({"speed", "profile", "trace"});
  set.add("vocabulary", &o.vocabulary, "tokens; of a text: at most").at_least(2);
  set.add("width", &o.width, "units a layer").at_least(1);
  set.add("layers", &o.layers, "layers").at_least(1);
  set.add("batch", &o.batch, "sequences a batch").at_least(1);
  set.add("length", &o.length, "tokens a sequence").at_least(1);
  set.add("steps", &o.steps, "training steps").at_least(1);
  set.add("threads", &o.threads, "0: all").at_least(0);
  set.add("lr", &o.lr, "learning rate").above(0);
  set.add("clip", &o.clip, "largest global norm; 0: no limit").at_least(0);
  set.add("tied", &o.tied, "the output shares the embedding's matrix");
  set.add("data", &o.data, "text; without it random tokens").placeholder("FILE");
  set.add("tokens", &o.tokens, "of a text").one_of({"bytes", "characters", "words"});
  set.add("out", &o.out, "folder for the trace's files").placeholder("FOLDER");
  return set;
}

/// Equally likely tokens: no work is saved by their frequencies.
std::vector<std::int32_t> random_tokens(std::int64_t vocabulary, std::int64_t count) {
  Random random(stream_key(1, "benchmark", "tokens"));
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(count));
  for (std::int32_t& token : tokens) token = static_cast<std::int32_t>(random.below(vocabulary));
  return tokens;
}

void write_parameters(const std::filesystem::path& path, const Variables& store) {
  SafetensorsContents contents;
  for (int i = 0; i < store.count(); ++i)
    if (store[i].role == Role::trainable)
      contents.tensors.emplace_back(store[i].name, store[i].value.view());
  write_safetensors(path, contents);
}

/// `count` windows as tokens and targets [count, time, batch].
void write_batches(const std::filesystem::path& path, const data::TokenStream& stream,
                   std::int64_t count) {
  const Shape shape{count, stream.length(), stream.batch()};
  Tensor tokens(shape, i32), targets(shape, i32);
  const auto window = static_cast<std::size_t>(stream.length() * stream.batch());
  for (std::int64_t i = 0; i < count; ++i) {
    const data::Batch batch = stream.make(i);
    const auto at = static_cast<std::size_t>(i) * window;
    std::ranges::copy(batch.input("tokens").as<std::int32_t>(),
                      tokens.as<std::int32_t>().begin() + static_cast<std::ptrdiff_t>(at));
    std::ranges::copy(batch.input("targets").as<std::int32_t>(),
                      targets.as<std::int32_t>().begin() + static_cast<std::ptrdiff_t>(at));
  }
  write_safetensors(path, {{{"tokens", tokens.view()}, {"targets", targets.view()}}, {}});
}

class Benchmark {
 public:
  explicit Benchmark(const BenchmarkOptions& o) : o_(o), workers_(static_cast<int>(o.threads)) {
    if (!o.data.empty()) {
      TrainOptions text;
      text.data = o.data;
      text.tokens = o.tokens;
      text.vocabulary = o.vocabulary;
      text.split = {90, 10, 0};
      TextData data = load_text_data(text);
      o_.vocabulary = data.tokenizer.vocabulary();
      train_.emplace(std::move(data.train), o.batch, o.length);
      valid_.emplace(std::move(data.valid), o.batch, o.length);
    } else {
      train_.emplace(random_tokens(o.vocabulary, o.batch * o.length * 20 + 1), o.batch, o.length);
    }
    learner_.emplace(store_,
                     LearnerConfig{.sizes = {.vocabulary = o_.vocabulary,
                                             .width = o.width,
                                             .layers = o.layers,
                                             .tied = o.tied},
                                   .optimiser = {.clip = o.clip},
                                   .train_shapes = train_->shapes(),
                                   .check_shapes = train_->shapes()},
                     workers_);
  }

  void speed() {
    std::vector<double> milliseconds;
    data::Batch batch = train_->make(0);
    double loss = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (std::int64_t i = 0; i < o_.steps; ++i) {
      const auto start = std::chrono::steady_clock::now();
      train_->fill(i, batch);
      loss = learner_->learn(batch, static_cast<float>(o_.lr)).mean();
      milliseconds.push_back(milliseconds_since(start));
    }
    const double total = milliseconds_since(begin);
    std::ranges::sort(milliseconds);
    std::cout << to_text(Json::Object{{"width", o_.width},
                                      {"steps", o_.steps},
                                      {"threads", workers_.threads()},
                                      {"total_ms", total},
                                      {"median_ms", milliseconds[milliseconds.size() / 2]},
                                      {"least_ms", milliseconds.front()},
                                      {"gflop", learner_->step_flops() / 1e9},
                                      {"loss", loss}})
              << '\n';
  }

  void profile() {
    data::Batch batch = train_->make(0);
    for (std::int64_t i = 0; i < o_.steps; ++i) {
      if (i == o_.steps / 5) learner_->learning().set_profiling(true);
      train_->fill(i, batch);
      learner_->learn(batch, static_cast<float>(o_.lr));
    }
    std::cout << profile_table(learner_->learning(), ProfileBy::op) << '\n'
              << profile_table(learner_->learning(), ProfileBy::step);
  }

  void trace() {
    const std::filesystem::path out = o_.out.empty() ? "." : o_.out;
    std::filesystem::create_directories(out);
    write_parameters(out / "initial.safetensors", store_);
    write_batches(out / "batches.safetensors", *train_, o_.steps);
    for (std::int64_t i = 0; i < o_.steps; ++i) {
      const double loss = learner_->learn(train_->make(i), static_cast<float>(o_.lr)).mean();
      std::cout << to_text(Json::Object{{"step", i + 1}, {"loss", loss}}) << '\n';
    }
    write_parameters(out / "final.safetensors", store_);
    if (!valid_) return;
    write_batches(out / "valid.safetensors", *valid_, valid_->batches());
    const Tally loss = learner_->evaluate(*valid_).loss;
    std::cout << to_text(Json::Object{{"loss", loss.mean()}, {"tokens", loss.count}}) << '\n';
  }

 private:
  static double milliseconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
        .count();
  }

  BenchmarkOptions o_;
  Variables store_{1};
  Workers workers_;
  std::optional<data::TokenStream> train_, valid_;
  std::optional<Learner> learner_;
};

}  // namespace
}  // namespace abax

int main(int argc, char** argv) {
  using namespace abax;
  return guarded_main("lstm_lm", [&] {
    BenchmarkOptions options;
    if (!option_set(options).parse(argc, argv, std::cout)) return int{exit_ok};
    Benchmark benchmark(options);
    if (options.mode == "speed") benchmark.speed();
    if (options.mode == "profile") benchmark.profile();
    if (options.mode == "trace") benchmark.trace();
    return int{exit_ok};
  });
}
