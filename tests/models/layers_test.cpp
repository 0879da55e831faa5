// Layers as a user's program calls them: dropout of words, and misuse at the caller's line.
#include "models/layers/layers.h"

#include <doctest/doctest.h>

#include <cmath>

#include <functional>

#include "core/base/error.h"
#include "models/layers/prediction.h"
#include "models/layers/recurrent_layer.h"
#include "models/layers/transformer.h"
#include "tests/graph/refusal.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

std::vector<std::int32_t> integers(Value value, const test::Inputs& inputs = {}) {
  Workers workers(1);
  Execution execution(compile(value.graph(), {value}), value.graph().store(), workers);
  test::run(execution, inputs);
  const auto result = execution.get(value).as<std::int32_t>();
  return {result.begin(), result.end()};
}

}  // namespace

TEST_CASE("layers: word dropout takes a share of the words while training, none in evaluations") {
  Variables store(3);
  const Tensor words = test::some_tokens(100, 50, 9);
  const auto given = words.as<std::int32_t>();
  for (const Mode mode : {Mode::train, Mode::evaluate}) {
    Graph g(store, mode);
    const Value tokens = g.constant(words.clone());
    const Value fixed = word_dropout(tokens, 0.3, 77);
    const Value by_schedule = word_dropout(tokens, scheduled(g, "rate", 0), 77);
    const Tensor rate = Tensor::scalar(0.8f);
    for (const auto& [value, expected] : {std::pair(fixed, 0.3), std::pair(by_schedule, 0.8)}) {
      const auto found = integers(value, {{"rate", &rate}});
      double dropped = 0;
      for (std::size_t i = 0; i < found.size(); ++i) {
        if (found[i] == given[i]) continue;
        REQUIRE(found[i] == 77);
        dropped += 1. / 5000;
      }
      // Four standard deviations are below 0.027.
      CHECK(std::abs(dropped - (mode == Mode::train ? expected : 0)) < 0.027);
    }
    CHECK(integers(word_dropout(tokens, 0, 77))[7] == given[7]);
  }
}

TEST_CASE("layers: misuse is refused with the caller's place") {
  Variables store;
  Graph g(store), other(store, Mode::train, "other");
  const Value scalar = g.constant(1), rows = g.constant(Tensor({4, 3}));
  const Value words = g.constant(Tensor({4}, i32)), image = g.constant(Tensor({1, 8, 8, 3}));
  const Value sequence = g.constant(Tensor({5, 2, 3}));
  linear(rows, 2, "taken");
  const Value tokens = g.constant(Tensor({5, 2}, i32));
  const RecurrentState start = recurrent_start(g, "lstm", 2, 4);
  const TransformerConfig blocks{.width = 4, .heads = 2, .context = 3};
  const std::vector<std::function<void()>> calls{
      [&] { linear(scalar, 2, "a"); },
      [&] { linear(words, 2, "b"); },
      [&] { linear(rows, 0, "c"); },
      [&] { linear(rows, -3, "d"); },
      [&] { linear(rows, 2, "taken"); },
      [&] { linear(3, 2, "e"); },
      [&] { convolution(rows, 2, 3, "f"); },
      [&] { convolution(image, 0, 3, "g"); },
      [&] { convolution(image, 2, 0, "h"); },
      [&] { convolution(image, 2, 3, "i", 0); },
      [&] {
        transposed_convolution(image, {16, 16}, 2, 3, "r", 0);
      },
      [&] {
        transposed_convolution(rows, {16, 16}, 2, 3, "j", 2);
      },
      [&] { transposed_convolution(image, {16}, 2, 3, "k", 2); },
      [&] { normalise(scalar, "l"); },
      [&] { normalise(words, "m"); },
      [&] { lstm_layer(rows, 4, scalar, "n"); },
      [&] { lstm_layer(sequence, 0, scalar, "o"); },
      [&] { lstm_layer(sequence, 4, Value{}, "p"); },
      [&] { lstm_layer(sequence, 4, other.constant(1), "q"); },
      [&] { recurrent_layer(rows, "lstm", start, {}); },
      [&] { recurrent_layer(sequence, "gru", {}, {}); },
      [&] {
        recurrent_layer(sequence, "lstm", {start.h, {}}, {});
      },
      [&] { embed(words, rows, blocks); },
      [&] { embed(tokens, scalar, blocks); },
      [&] { embed(tokens, Value{}, blocks); },
      [&] {
        embed(tokens, g.constant(Tensor({9, 5})), blocks);
      },
      [&] {
        embed(tokens, g.constant(Tensor({9, 4})), blocks);
      },  // longer than the context
      [&] { transformer_block(rows, blocks, WholeSequence{}); },
      [&] { transformer_block(sequence, blocks, WholeSequence{}); },
      [&] { token_logits(rows, Value{}, true); },
      [&] { token_logits(rows, scalar, true); },
      [&] {
        token_logits(rows, g.constant(Tensor({9, 5})), true);
      },
      [&] { word_dropout(rows, 0.5, 1); },
      [&] { word_dropout(words, 1.5, 1); },
      [&] { word_dropout(words, -1, 1); },
      [&] { word_dropout(words, rows, 1); },
      [&] { word_dropout(words, other.constant(1), 1); },
  };
  for (std::size_t i = 0; i < calls.size(); ++i) {
    CAPTURE(i);
    const std::string message = test::refusal(calls[i]);
    CAPTURE(message);
    CHECK(message.find("layers_test.cpp:") != std::string::npos);
    CHECK(message.find("layers.cpp") == std::string::npos);
  }
}

TEST_CASE("layers: first values out of range are refused") {
  CHECK_THROWS_AS(init::normal(NAN), UsageError);
  CHECK_THROWS_AS(init::normal(-1), UsageError);
  CHECK_THROWS_AS(init::normal(1, INFINITY), UsageError);
  CHECK_THROWS_AS(init::uniform(1, -1), UsageError);
  CHECK_THROWS_AS(init::uniform(NAN, 1), UsageError);
  CHECK_NOTHROW(init::normal(0));
  CHECK_NOTHROW(init::uniform(1, 1));
}

}  // namespace abax
