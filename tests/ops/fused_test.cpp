// What the case table cannot say of cross-entropy, gelu, dropout and the updates: data errors,
// epilogues, modes, runs, assignments.
#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/graph/gradients.h"
#include "core/plan/execution.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/loss.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/update.h"

namespace abax {
namespace {

std::vector<float> values(const Execution& execution, Value value) {
  const auto elements = execution.get(value).as<float>();
  return {elements.begin(), elements.end()};
}

Tensor ones(Shape shape) {
  Tensor result(shape);
  for (float& v : result.as<float>()) v = 1;
  return result;
}

}  // namespace

TEST_CASE("gelu: an epilogue of the matmul before it, its derivative of the one behind") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {6, 5}), w = g.parameter("w", {5, 9}, init::glorot());
  const Value y = gelu(matmul(x, w) + g.parameter("bias", {9}, init::zeros()));
  CHECK(step_count(*compile(g, {y})) == 1);
  const Value loss = sum(square(matmul(y, g.parameter("v", {9, 3}, init::glorot()))));
  const std::string shown = to_text(*compile(g, {loss, gradients(loss, {w})[0]}));
  INFO(shown);
  CHECK(shown.find("with {t2 = add(t0, t1); t3 = gelu(t2)}") != std::string::npos);
  CHECK(shown.find("with {t2 = gelu_gradient(t1, t0)}") != std::string::npos);
}

TEST_CASE("cross_entropy: a target out of range is an error of the data and says which") {
  Variables store;
  Graph g(store);
  const Loss loss = cross_entropy(g.input("logits", {2, 3}), g.input("targets", {2}, i32));
  Workers workers(1);
  Execution execution(compile(g, {loss.sum}), store, workers);
  const Tensor logits({2, 3});
  execution.set("logits", logits);
  const Tensor high = Tensor::of<std::int32_t>({2}, {0, 3});
  execution.set("targets", high);
  CHECK_THROWS_WITH_AS(execution.run(), doctest::Contains("target 3 at position 1"), DataError);
  const Tensor low = Tensor::of<std::int32_t>({2}, {-2, 0});
  execution.set("targets", low);
  CHECK_THROWS_WITH_AS(execution.run(), doctest::Contains("target -2 at position 0"), DataError);
}

TEST_CASE("dropout: draws anew in each run, the same again from the same count") {
  Variables store(3);
  Graph g(store);
  const Value y = dropout(g.input("x", {500}), 0.5f);
  Workers workers(1);
  Execution execution(compile(g, {y}), store, workers);
  const Tensor x = ones({500});
  execution.set("x", x);
  execution.run();
  const auto first = values(execution, y);
  const auto kept = std::count(first.begin(), first.end(), 2.f);
  CHECK(kept > 200);
  CHECK(kept < 300);
  CHECK(std::count(first.begin(), first.end(), 0.f) == 500 - kept);
  execution.run();
  CHECK(values(execution, y) != first);
  store.runs("train") = 0;
  execution.run();
  CHECK(values(execution, y) == first);
  store.set_seed(4);
  store.runs("train") = 0;
  execution.run();
  CHECK(values(execution, y) != first);
}

TEST_CASE("dropout: two of them differ, and another one elsewhere changes neither") {
  const auto run = [](bool another) {
    Variables store(3);
    Graph g(store);
    const Value x = g.input("x", {300});
    std::vector<Value> outputs;
    for (int layer = 0; layer < 2; ++layer) {
      const auto scope = g.scope("layer", layer);
      outputs.push_back(dropout(x, 0.5f));
      if (another && layer == 0) {
        const auto inner = g.scope("inner");
        outputs[0] = outputs[0] + 0 * dropout(x, 0.5f);
      }
    }
    Workers workers(1);
    Execution execution(compile(g, outputs), store, workers);
    const Tensor data = ones({300});
    execution.set("x", data);
    execution.run();
    return std::vector{values(execution, outputs[0]), values(execution, outputs[1])};
  };
  const auto alone = run(false);
  CHECK(alone[0] != alone[1]);
  CHECK(run(true) == alone);
}

TEST_CASE("dropout: is the identity in an evaluation graph") {
  Variables store;
  Graph g(store, Mode::evaluate);
  const Value x = g.input("x", {4});
  CHECK(dropout(x, 0.5f) == x);
}

TEST_CASE("updates: assign parameters and their saved moments") {
  Variables store;
  Graph g(store);
  const Value weight = g.parameter("layer/weight", {3}, init::constant(1));
  const Value bias = g.parameter_without_decay("layer/bias", {3}, init::constant(1));
  const Value other = g.parameter("other", {3}, init::constant(1));
  const UpdateScalars scalars{g.input("rate", {}), g.constant(1), g.constant(1)};
  const Value gradient = g.constant(Tensor({3}));  // zeros: only the decay moves anything
  update_adamw(weight, gradient, scalars, {.weight_decay = 0.5});
  update_adamw(bias, gradient, scalars, {.weight_decay = 0.5});
  update_sgd(other, gradient, scalars, {.momentum = 0.9, .weight_decay = 0.5});
  Workers workers(1);
  Execution execution(compile(g, {scalars.learning_rate}), store, workers);
  execution.set("rate", 0.5f);
  execution.run();
  CHECK(store.at("layer/weight").value().as<float>()[2] == 0.75f);
  CHECK(store.at("layer/bias").value().as<float>()[2] == 1);
  CHECK(store.at("other").value().as<float>()[2] == 0.75f);
  CHECK(store.at("optimiser/layer/weight/first_moment").role == Role::saved);
  CHECK(store.at("optimiser/layer/weight/second_moment").value().as<float>()[0] == 0);
  CHECK(store.at("optimiser/other/velocity").value().as<float>()[0] == 0.5f);
}

TEST_CASE("updates: a norm of nothing and an update of no variable are refused") {
  Variables store;
  Graph g(store);
  CHECK_THROWS_AS(global_norm({}), UsageError);
  const Value x = g.input("x", {3}), one = g.constant(1);
  CHECK_THROWS_AS(update_adam(x, x, {one, one, one}), UsageError);
}

TEST_CASE("updates: a step that reads its variable out of order does not write over it") {
  using Update = Value (*)(Value);
  const std::pair<std::string, Update> updates[] = {
      {"matmul", [](Value w) { return matmul(w, w); }},
      {"transpose", [](Value w) { return transpose(w); }},
      {"reverse", [](Value w) { return reverse(w); }},
      {"concat",
       [](Value w) {
         return concat({slice(w, 1, 3, 9), slice(w, 1, 0, 3)}, 1);
       }},
      {"matmul and more", [](Value w) { return tanh(matmul(w, w) + w); }}};
  for (const auto& entry : updates) {
    INFO(entry.first);
    const auto after_three_runs = [&](const CompileOptions& options) {
      Variables store(3);
      Graph g(store);
      const Value w = g.parameter("w", {9, 9}, init::normal(0.4f));
      g.assign(w, entry.second(w));
      Workers workers(2);
      Execution execution(compile(g, {sum(w)}, options), store, workers);
      for (int i = 0; i < 3; ++i) execution.run();
      const auto now = store[store.find("w")].value().as<float>();
      return std::vector<float>(now.begin(), now.end());
    };
    CHECK(after_three_runs({}) == after_three_runs(CompileOptions::plain()));
  }
}

}  // namespace abax
