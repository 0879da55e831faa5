// The Transformer language model: what a position sees, generation with a cache, segment
// recurrence, gradients, and that it learns.
#include "models/transformer_lm.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "models/generation/generator.h"
#include "models/layers/transformer.h"
#include "models/registry.h"
#include "models/training/optimiser.h"
#include "tests/models/check_gradients.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

using test::difference;
using test::run;
using test::shake;
using test::some_tokens;

constexpr int vocabulary = 7;

TransformerLm config_of(std::string positions) {
  return {.vocabulary = vocabulary,
          .blocks = {.width = 8,
                     .layers = 2,
                     .heads = 2,
                     .feed_forward = 12,
                     .positions = std::move(positions),
                     .context = 6}};
}

/// A store with the parameters of a configuration.
void create(Variables& store, const TransformerLm& config) {
  Graph g(store, Mode::train, "create");
  transformer_language_model(g, config, {.batch = 1, .length = 1});
  shake(store);
}

/// The logits [time, batch, vocabulary] of one run in a graph of its own.
std::vector<float> logits_of(Variables& store, const TransformerLm& config, const Tensor& tokens,
                             const std::string& label = "whole") {
  Graph g(store, Mode::evaluate, label);
  const BatchShape shape{.batch = tokens.shape()[1], .length = tokens.shape()[0]};
  const Model model = transformer_language_model(g, config, shape);
  const Tensor keep = Tensor::scalar(0);
  return run(model.output, {{"tokens", &tokens}, {"keep", &keep}});
}

/// Rows [first, last) of tokens [time, batch].
Tensor rows(const Tensor& tokens, std::int64_t first, std::int64_t last) {
  const std::int64_t batch = tokens.shape()[1];
  return Tensor::of<std::int32_t>(
      {last - first, batch},
      tokens.as<std::int32_t>().subspan(static_cast<std::size_t>(first * batch),
                                        static_cast<std::size_t>((last - first) * batch)));
}

/// The last `count` of some floats.
std::vector<float> tail(const std::vector<float>& x, std::size_t count) {
  return {x.end() - static_cast<std::ptrdiff_t>(count), x.end()};
}

/// Segments of a stream, run one after another by one plan.
class Segments {
 public:
  Segments(Variables& store, const TransformerLm& config, std::int64_t time, std::int64_t batch)
      : graph_(store, Mode::evaluate, "segments"),
        model_(transformer_language_model(graph_, config, {.batch = batch, .length = time})),
        execution_(compile(graph_, {model_.output}), store, workers_) {}
  std::vector<float> logits(const Tensor& tokens, float keep) {
    execution_.set("tokens", tokens);
    execution_.set("keep", keep);
    execution_.run();
    const auto result = execution_.get(model_.output).as<float>();
    return {result.begin(), result.end()};
  }

 private:
  Graph graph_;
  Model model_;
  Workers workers_{1};
  Execution execution_;
};

}  // namespace

TEST_CASE("transformer_lm: parameters, and a beginning near the uniform distribution") {
  for (const std::string& positions : position_kinds())
    for (const bool tied : {false, true}) {
      Variables store(3);
      Graph g(store);
      TransformerLm c = config_of(positions);
      c.tied = tied;
      const Model model = transformer_language_model(g, c, {.batch = 4, .length = 6});
      CHECK(model.output.shape() == Shape{6, 4, vocabulary});
      CHECK((store.find("output/weight") < 0) == tied);
      CHECK((store.find("position") >= 0) == (positions == "learned"));
      for (const char* name : {"embedding", "block0/attention_norm/scale",
                               "block0/attention/query/weight", "block1/attention/output/bias",
                               "block1/feed_forward_norm/shift", "block1/feed_forward/in/weight",
                               "block1/feed_forward/out/bias", "norm/scale", "output/bias"})
        CHECK_MESSAGE(store.find(name) >= 0, name);
      CHECK(store.at("block0/feed_forward/in/weight").value().shape() == Shape{8, 12});
      CHECK_FALSE(store.at("norm/scale").decay);
      const Tensor tokens = some_tokens(6, 4, vocabulary);
      const auto sum = run(model.loss.sum, {{"tokens", &tokens}, {"targets", &tokens}});
      // Tied to an embedding that is not small, it would begin by repeating the token it reads.
      if (!tied || positions != "sinusoidal")
        CHECK(sum.front() / 24 == doctest::Approx(std::log(7.0)).epsilon(0.1));
    }
}

TEST_CASE("transformer_lm: a later token changes no earlier logit") {
  for (const std::string& positions : position_kinds()) {
    Variables store(3);
    const TransformerLm c = config_of(positions);
    create(store, c);
    Tensor tokens = some_tokens(6, 2, vocabulary);
    const auto before = logits_of(store, c, tokens);
    auto& token = tokens.as<std::int32_t>()[4 * 2];  // position 4 of the first item
    token = (token + 1) % vocabulary;
    const auto after = logits_of(store, c, tokens);
    for (std::size_t t = 0; t < 6; ++t)
      for (std::size_t b = 0; b < 2; ++b) {
        bool same = true;
        for (std::size_t i = 0; i < vocabulary; ++i) {
          const std::size_t at = (t * 2 + b) * vocabulary + i;
          same = same && before[at] == after[at];
        }
        CHECK(same == (t < 4 || b == 1));
      }
  }
}

TEST_CASE("transformer_lm: token by token through the cache, the logits are the whole sequence's") {
  for (const std::string& positions : position_kinds()) {
    Variables store(3);
    const TransformerLm c = config_of(positions);
    create(store, c);
    const Tensor tokens = some_tokens(6, 1, vocabulary);
    const auto expected = logits_of(store, c, tokens);
    Workers workers(1);
    Generator generator(store, {"transformer_lm", c}, workers);
    for (int repeat = 0; repeat < 2; ++repeat) {
      std::vector<float> got;
      for (const std::int32_t token : tokens.as<std::int32_t>()) {
        const auto logits = generator.next(token);
        got.insert(got.end(), logits.begin(), logits.end());
      }
      CHECK(difference(got, expected) < 1e-5);
      generator.reset();
    }
    CHECK_THROWS_AS(generator.next(vocabulary), DataError);
  }
}

TEST_CASE("transformer_lm: where the context is full, its last half is read anew") {
  Variables store(3);
  const TransformerLm c = config_of("learned");
  create(store, c);
  const Tensor tokens = some_tokens(11, 1, vocabulary);
  Workers workers(1);
  Generator generator(store, {"transformer_lm", c}, workers);
  const auto all = tokens.as<std::int32_t>();
  for (std::int64_t t = 0; t < 11; ++t) {
    const auto logits = generator.next(all[static_cast<std::size_t>(t)]);
    // Of 6 the last 3 stay: the contexts begin at 0, 3 and 6.
    const std::int64_t begin = t < 6 ? 0 : t < 9 ? 3 : 6;
    const auto expected = tail(logits_of(store, c, rows(tokens, begin, t + 1)), vocabulary);
    CHECK(difference({logits.begin(), logits.end()}, expected) < 1e-5);
  }
}

TEST_CASE("transformer_lm: a memory that holds all segments makes them one sequence") {
  Variables store(3);
  TransformerLm c = config_of("rotary");
  create(store, c);
  const Tensor tokens = some_tokens(12, 2, vocabulary);
  const auto expected = logits_of(store, c, tokens);
  c.memory = 9;
  Segments segments(store, c, 4, 2);
  for (int repeat = 0; repeat < 2; ++repeat) {  // the second time shows that keep = 0 forgets
    std::vector<float> got;
    for (std::int64_t i = 0; i < 3; ++i) {
      const auto part = segments.logits(rows(tokens, 4 * i, 4 * i + 4), i == 0 ? 0.f : 1.f);
      got.insert(got.end(), part.begin(), part.end());
    }
    CHECK(difference(got, expected) < 1e-5);
  }
}

TEST_CASE("transformer_lm: a memory reaches as far back as it is long") {
  Variables store(3);
  TransformerLm c = config_of("rotary");
  c.blocks.layers = 1;  // more would reach further, through the memory's own past
  create(store, c);
  c.memory = 2;
  Segments segments(store, c, 4, 1);
  const Tensor second = some_tokens(4, 1, vocabulary, 9);
  const auto after = [&](std::int32_t at_1, std::int32_t at_2) {
    segments.logits(Tensor::of<std::int32_t>({4, 1}, {1, at_1, at_2, 4}), 0);
    return segments.logits(second, 1);
  };
  const auto plain = after(2, 3);
  CHECK(difference(after(5, 3), plain) == 0);
  CHECK(difference(after(2, 6), plain) > 1e-4);
}

TEST_CASE("transformer_lm: generation with a memory sees the last memory + context positions") {
  Variables store(3);
  TransformerLm c = config_of("rotary");
  c.blocks.layers = 1;
  create(store, c);
  const Tensor tokens = some_tokens(20, 1, vocabulary);
  TransformerLm with_memory = c;
  with_memory.blocks.context = 4;
  with_memory.memory = 5;
  Workers workers(1);
  Generator generator(store, {"transformer_lm", with_memory}, workers);
  for (std::int64_t t = 0; t < 20; ++t) {
    const auto logits = generator.next(tokens.as<std::int32_t>()[static_cast<std::size_t>(t)]);
    const Tensor seen = rows(tokens, std::max<std::int64_t>(0, t - 8), t + 1);
    const auto expected = tail(logits_of(store, c, seen), vocabulary);
    CHECK(difference({logits.begin(), logits.end()}, expected) < 2e-5);
  }
}

TEST_CASE("transformer_lm: gradients are slopes of the loss") {
  for (const std::string& positions : position_kinds())
    for (const std::int64_t memory : {0, 3}) {
      if (memory > 0 && positions != "rotary") continue;
      Variables store(3);
      TransformerLm c = config_of(positions);
      c.memory = memory;
      c.tied = positions == "sinusoidal";
      create(store, c);
      Graph g(store, Mode::train);
      const Model model = transformer_language_model(g, c, {.batch = 2, .length = 5});
      const Tensor tokens = some_tokens(5, 2, vocabulary), keep = Tensor::scalar(0);
      Tensor targets = some_tokens(5, 2, vocabulary, 4);
      targets.as<std::int32_t>()[3] = -1;
      test::check_gradients(model.loss,
                            {{"tokens", &tokens}, {"targets", &targets}, {"keep", &keep}});
    }
}

TEST_CASE("transformer_lm: a few steps learn a short text by heart") {
  Variables store(3);
  Graph g(store, Mode::train);
  TransformerLm c = config_of("learned");
  c.blocks.width = 16;
  c.blocks.dropout = 0.01f;
  const Model model = transformer_language_model(g, c, {.batch = 2, .length = 6});
  optimise({.clip = 1}, gradients_of(model.loss));
  Workers workers(1);
  Execution step(compile(g, {model.loss.sum}), store, workers);
  const Tensor tokens = some_tokens(6, 2, vocabulary), targets = some_tokens(6, 2, vocabulary, 2);
  step.set("tokens", tokens);
  step.set("targets", targets);
  step.set("learning_rate", 0.02f);
  for (int i = 0; i < 80; ++i) step.run();
  CHECK(step.scalar(model.loss.sum) / 12 < 0.3);
}

TEST_CASE("transformer_lm: choices that do not fit together are refused") {
  Variables store(3);
  const auto build = [&](const TransformerLm& c, std::int64_t length = 6) {
    Graph g(store);
    transformer_language_model(g, c, {.batch = 1, .length = length});
  };
  CHECK_THROWS_AS(build(config_of("learned"), 7), UsageError);  // a context of 6
  CHECK_THROWS_AS(build(config_of("lerned")), UsageError);
  TransformerLm c = config_of("learned");
  c.blocks.heads = 3;
  CHECK_THROWS_AS(build(c), UsageError);
  c = config_of("learned");
  c.memory = 4;
  CHECK_THROWS_AS(build(c), UsageError);
  Workers workers(1);
  CHECK_THROWS_AS(Generator(store, ModelSettings("seq2seq"), workers), UsageError);
  c = config_of("rotary");
  c.blocks.heads = 8;
  CHECK_THROWS_AS(build(c), UsageError);
}

}  // namespace abax
