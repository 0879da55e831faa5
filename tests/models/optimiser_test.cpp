// Optimisers over a model: clipping, accumulation and freezing against arithmetic by hand.
#include "models/training/optimiser.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/plan/execution.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"

namespace abax {
namespace {

/// The loss sum(w * x), whose gradient is x, counted as `count`.
struct Linear {
  Value w, x;
  Loss loss;
  explicit Linear(Graph& g)
      : w(g.parameter("w", {2}, init::constant(1))),
        x(g.input("x", {2})),
        loss{sum(w * x), g.input("count", {})} {}
};

const float* weights(Variables& store) { return store.at("w").value().as<float>().data(); }

}  // namespace

TEST_CASE("optimiser: plain descent takes the mean gradient, clipped by its norm") {
  for (const double clip : {0.0, 2.5}) {
    Variables store;
    Graph g(store);
    const Linear model(g);
    const Value norm = optimise({.name = "sgd", .clip = clip}, gradients_of(model.loss));
    Workers workers(1);
    Execution step(compile(g, {norm}), store, workers);
    const Tensor x = Tensor::of<float>({2}, {6, 8});  // of 2 tokens: the mean gradient is 3, 4
    step.set("x", x);
    step.set("count", 2.f);
    step.set("learning_rate", 0.1f);
    step.run();
    CHECK(step.scalar(norm) == doctest::Approx(5));
    const double scale = clip > 0 ? 0.5 : 1;
    CHECK(weights(store)[0] == doctest::Approx(1 - 0.1 * 3 * scale));
    CHECK(weights(store)[1] == doctest::Approx(1 - 0.1 * 4 * scale));
  }
}

TEST_CASE("optimiser: accumulated batches are one batch of their sums and counts") {
  Variables store;
  Graph g(store), apply_graph(store, Mode::train, "apply");
  const Linear model(g);
  accumulate(gradients_of(model.loss));
  const Value norm = optimise({.name = "sgd"}, accumulated(apply_graph));
  Workers workers(1);
  Execution add(compile(g, {model.loss.sum}), store, workers);
  Execution apply(compile(apply_graph, {norm}), store, workers);
  for (int repeat = 0; repeat < 2; ++repeat) {  // the second time shows that the sums were cleared
    const float before = weights(store)[0];
    for (const float value : {1.f, 5.f}) {
      const Tensor x = Tensor::of<float>({2}, {value, 0});
      add.set("x", x);
      add.set("count", value);  // 1 and 5 tokens
      add.run();
      CHECK(weights(store)[0] == before);
    }
    apply.set("learning_rate", 0.5f);
    apply.run();
    CHECK(apply.scalar(norm) == doctest::Approx(1));  // (1 + 5) / (1 + 5)
    CHECK(weights(store)[0] == doctest::Approx(before - 0.5));
  }
}

TEST_CASE("optimiser: weight decay spares what says so, frozen parameters stay") {
  Variables store;
  Graph g(store);
  const Value a = g.parameter("a", {}, init::constant(1));
  const Value b = g.parameter_without_decay("b", {}, init::constant(1));
  const Value c = g.parameter("c", {}, init::constant(1));
  store.freeze("c");
  const Value x = g.input("x", {});
  const Loss loss{(a + b + c) * x, g.constant(1)};
  optimise({.name = "adamw", .weight_decay = 0.5}, gradients_of(loss));
  Workers workers(1);
  Execution step(compile(g, {loss.sum}), store, workers);
  step.set("x", 1.f);
  step.set("learning_rate", 0.1f);
  step.run();
  // Adam's first step is the learning rate; the decay takes 0.1 * 0.5 of the weight first.
  CHECK(store.at("a").value().as<float>()[0] == doctest::Approx(0.95 - 0.1));
  CHECK(store.at("b").value().as<float>()[0] == doctest::Approx(1 - 0.1));
  CHECK(store.at("c").value().as<float>()[0] == 1);
}

TEST_CASE("optimiser: unknown names and models without parameters are refused") {
  Variables store;
  Graph g(store);
  CHECK_THROWS_AS(gradients_of({g.constant(1), g.constant(1)}), UsageError);
  const Linear model(g);
  CHECK_THROWS_AS(optimise({.name = "adma"}, gradients_of(model.loss)), UsageError);
}

TEST_CASE("optimiser: the moving average of a parameter, by hand") {
  Variables store;
  Graph g(store);
  const Linear model(g);
  const Value norm = optimise({.name = "sgd", .average = 0.3}, gradients_of(model.loss));
  Workers workers(1);
  Execution step(compile(g, {norm}), store, workers);
  const Tensor x = Tensor::of<float>({2}, {1, -2});
  step.set("x", x);
  step.set("count", 1.f);
  step.set("learning_rate", 0.5f);
  CHECK(has_averages(store));
  double expected = 0;
  for (int t = 1; t <= 9; ++t) {
    step.run();
    const double weight = 1 - 0.5 * t;
    const double decay = std::min(0.3, (t - 1) / (t + 9.0));
    expected = decay * expected + (1 - decay) * weight;
    CHECK(weights(store)[0] == doctest::Approx(weight));
    CHECK(store.at("average/w").value().as<float>()[0] == doctest::Approx(expected));
  }
  exchange_averages(store);
  CHECK(weights(store)[0] == doctest::Approx(expected));
  exchange_averages(store);
  CHECK(weights(store)[0] == doctest::Approx(1 - 0.5 * 9));
}

}  // namespace abax
