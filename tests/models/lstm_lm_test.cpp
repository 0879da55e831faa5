// The LSTM language model: shapes, carried state, one-step generation, its settings in a
// checkpoint.
#include "models/lstm_lm.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/plan/execution.h"
#include "models/generation/generator.h"
#include "models/registry.h"
#include "models/settings/values.h"

namespace abax {
namespace {

const LstmLm config{.vocabulary = 7, .width = 5, .layers = 2};

Tensor tokens_of(std::int64_t time, std::int64_t batch) {
  Tensor tokens({time, batch}, i32);
  for (std::size_t i = 0; i < tokens.as<std::int32_t>().size(); ++i)
    tokens.as<std::int32_t>()[i] = static_cast<std::int32_t>((3 * i + i * i) % 7);
  return tokens;
}

}  // namespace

TEST_CASE("language model: an untrained one is near the uniform distribution, tied or not") {
  for (const bool tied : {false, true}) {
    Variables store(3);
    Graph g(store);
    LstmLm c = config;
    c.tied = tied;
    const Model model = lstm_language_model(g, c, {.batch = 4, .length = 6});
    CHECK(model.output.shape() == Shape{6, 4, 7});
    CHECK((store.find("output/weight") < 0) == tied);
    Workers workers(1);
    Execution execution(compile(g, {model.loss.sum, model.loss.count}), store, workers);
    const Tensor tokens = tokens_of(6, 4);
    execution.set("tokens", tokens);
    execution.set("targets", tokens);
    execution.set("keep", 0.f);
    execution.run();
    CHECK(execution.scalar(model.loss.count) == 24);
    CHECK(execution.scalar(model.loss.sum) / 24 == doctest::Approx(std::log(7.0)).epsilon(0.2));
  }
}

TEST_CASE("language model: two halves of a stream are the whole, through the carried state") {
  Variables store(3);
  Graph whole(store, Mode::train, "whole"), half(store, Mode::evaluate, "half");
  const Model all = lstm_language_model(whole, config, {.batch = 1, .length = 6});
  const Model part = lstm_language_model(half, config, {.batch = 1, .length = 3});
  Workers workers(1);
  Execution long_run(compile(whole, {all.output}), store, workers);
  Execution short_run(compile(half, {part.output}), store, workers);
  const Tensor tokens = tokens_of(6, 1);
  long_run.set("tokens", tokens);
  long_run.set("keep", 0.f);
  long_run.run();
  const auto expected = long_run.get(all.output).as<float>();
  for (int repeat = 0; repeat < 2; ++repeat)  // the second time shows that keep = 0 begins anew
    for (std::size_t i = 0; i < 2; ++i) {
      const Tensor piece =
          Tensor::of<std::int32_t>({3, 1}, tokens.as<std::int32_t>().subspan(3 * i, 3));
      short_run.set("tokens", piece);
      short_run.set("keep", i == 0 ? 0.f : 1.f);
      short_run.run();
      const auto got = short_run.get(part.output).as<float>();
      for (std::size_t j = 0; j < 21; ++j)
        CHECK(got[j] == doctest::Approx(expected[21 * i + j]).epsilon(1e-5));
    }
}

TEST_CASE("generator: one token at a time gives the logits of the whole sequence") {
  Variables store(3);
  Graph g(store);
  const Model model = lstm_language_model(g, config, {.batch = 1, .length = 6});
  Workers workers(1);
  Execution execution(compile(g, {model.output}), store, workers);
  const Tensor tokens = tokens_of(6, 1);
  execution.set("tokens", tokens);
  execution.set("keep", 0.f);
  execution.run();
  const auto expected = execution.get(model.output).as<float>();
  Generator generator(store, {"lstm_lm", config}, workers);
  for (int repeat = 0; repeat < 2; ++repeat) {
    for (std::size_t t = 0; t < 6; ++t) {
      const auto logits = generator.next(tokens.as<std::int32_t>()[t]);
      REQUIRE(logits.size() == 7);
      for (std::size_t j = 0; j < 7; ++j)
        CHECK(logits[j] == doctest::Approx(expected[7 * t + j]).epsilon(1e-5));
    }
    generator.reset();
  }
  CHECK_THROWS_AS(generator.next(7), DataError);
}

TEST_CASE("generator: a store without the model is refused") {
  Variables store(3);
  Workers workers(1);
  CHECK_THROWS_AS(Generator(store, {"lstm_lm", config}, workers), UsageError);
  CHECK_THROWS_AS(model_entry("lstm"), UsageError);
}

TEST_CASE("language model: its settings travel with a checkpoint") {
  const LstmLm before{.vocabulary = 65, .width = 48, .layers = 3, .dropout = 0.1f, .tied = true};
  ModelSettings saved("lstm_lm", before);
  auto values = to_values([&](Fields& f) { fields(f, saved); });
  const ModelSettings read("lstm_lm", values, 2);
  const auto& after = read.as<LstmLm>();
  CHECK(after.vocabulary == 65);
  CHECK(after.width == 48);
  CHECK(after.layers == 3);
  CHECK(after.dropout == 0.1f);
  CHECK(after.tied);
  CHECK(values.size() == 6);  // what it reads, and nothing else
  values["width"] = std::string("48x");
  CHECK_THROWS_AS(ModelSettings("lstm_lm", values, 2), CheckpointError);
  values["width"] = std::string("0");
  CHECK_THROWS_AS(ModelSettings("lstm_lm", values, 2), CheckpointError);
}

}  // namespace abax
