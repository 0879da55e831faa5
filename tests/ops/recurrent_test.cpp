// The whole-sequence LSTM against the cell composed of elementwise ops, matmul, unstack and stack.
#include "ops/recurrent.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/graph/gradients.h"
#include "core/graph/sum.h"
#include "core/plan/execution.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/shape.h"

namespace abax {
namespace {

LstmSequence composed_lstm(Value x, LstmState state, const LstmWeights& weights) {
  const std::int64_t hidden = state.h.shape()[1];
  const std::vector<std::int64_t> sizes(4, hidden);
  std::vector<Value> y;
  for (const Value& step : unstack(x)) {
    const Value sums =
        matmul(step, weights.input) + matmul(state.h, weights.recurrent) + weights.bias;
    const std::vector<Value> gates = split(sums, 1, sizes);  // i, f, g, o
    state.c = sigmoid(gates[1]) * state.c + sigmoid(gates[0]) * tanh(gates[2]);
    state.h = sigmoid(gates[3]) * tanh(state.c);
    y.push_back(state.h);
  }
  return {stack(y), state, {}};
}

Tensor random_tensor(Shape shape, std::uint64_t key) {
  Tensor result(shape);
  Random random(key);
  for (float& v : result.as<float>()) v = static_cast<float>(random.normal() * 0.5);
  return result;
}

/// y, h, c and the gradients of a weighted sum of them for all six arguments.
std::vector<Tensor> run(bool fused, std::int64_t time, std::int64_t batch, std::int64_t width,
                        std::int64_t hidden, Level level) {
  Variables store;
  Graph g(store);
  std::vector<Tensor> data;
  std::vector<Value> inputs;
  for (const Shape& shape :
       {Shape{time, batch, width}, Shape{batch, hidden}, Shape{batch, hidden},
        Shape{width, 4 * hidden}, Shape{hidden, 4 * hidden}, Shape{4 * hidden},
        Shape{time, batch, hidden}, Shape{batch, hidden}, Shape{batch, hidden}}) {
    data.push_back(random_tensor(shape, data.size()));
    inputs.push_back(g.input(str_cat("input", inputs.size()), shape));
  }
  const LstmState start{inputs[1], inputs[2]};
  const LstmWeights weights{inputs[3], inputs[4], inputs[5]};
  const LstmSequence s =
      fused ? lstm(inputs[0], start, weights) : composed_lstm(inputs[0], start, weights);
  const Value loss = sum_to(s.y * inputs[6], {}) + sum_to(s.last.h * inputs[7], {}) +
                     sum_to(s.last.c * inputs[8], {});
  std::vector<Value> outputs = {s.y, s.last.h, s.last.c};
  for (const Value& gradient : gradients(loss, std::span(inputs).first(6)))
    outputs.push_back(gradient);
  CompileOptions options;
  options.level = level;
  Workers workers(2);
  Execution execution(compile(g, outputs, options), store, workers);
  for (std::size_t i = 0; i < data.size(); ++i) execution.set(str_cat("input", i), data[i]);
  execution.run();
  std::vector<Tensor> results;
  for (const Value& output : outputs)
    results.push_back(Tensor::of<float>(output.shape(), execution.get(output).as<float>()));
  return results;
}

}  // namespace

TEST_CASE("lstm: agrees with the composed cell, values and gradients") {
  const std::int64_t sizes[][4] = {{1, 1, 1, 1}, {7, 3, 5, 19}, {3, 20, 9, 64}, {1, 2, 3, 33}};
  for (const Level level : available_levels())
    for (const auto& row : sizes) {
      const std::int64_t time = row[0], batch = row[1], width = row[2], hidden = row[3];
      CAPTURE(name_of(level));
      CAPTURE(hidden);
      const auto fused = run(true, time, batch, width, hidden, level);
      const auto composed = run(false, time, batch, width, hidden, level);
      for (std::size_t i = 0; i < fused.size(); ++i) {
        CAPTURE(i);
        const auto a = fused[i].as<float>(), b = composed[i].as<float>();
        float worst = 0;
        for (std::size_t j = 0; j < a.size(); ++j)
          worst = std::max(worst, std::abs(a[j] - b[j]) / (1 + std::abs(b[j])));
        CHECK(worst < 5e-6f);
      }
    }
}

TEST_CASE("lstm: a length outside the sequence is an error of the data") {
  Variables store;
  Graph g(store);
  const Value lengths = g.input("lengths", {2}, i32);
  const Value x = g.input("x", {3, 2, 4});
  const Value zero = g.constant(Tensor({2, 5}));
  const LstmSequence s = lstm(
      x, {zero, zero},
      {g.parameter("input", {4, 20}, init::glorot()),
       g.parameter("recurrent", {5, 20}, init::glorot()), g.parameter("bias", {20}, init::zeros())},
      lengths);
  Workers workers(1);
  Execution execution(compile(g, {s.y}), store, workers);
  const Tensor data({3, 2, 4});
  execution.set("x", data);
  for (const std::int32_t wrong : {-1, 4}) {
    const Tensor bad = Tensor::of<std::int32_t>({2}, {3, wrong});
    execution.set("lengths", bad);
    CHECK_THROWS_AS(execution.run(), DataError);
  }
}

}  // namespace abax
