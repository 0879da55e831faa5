// Optimisers over a model: clipping, accumulation and freezing against arithmetic by hand.
#include "models/training/optimiser.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/graph/gradients.h"
#include "core/plan/execution.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "tests/graph/refusal.h"

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

TEST_CASE("optimiser: what the loss does not reach stays as it is, without weight decay") {
  for (const char* name : {"sgd", "adam", "adamw"}) {
    Variables store;
    Graph g(store);
    const Linear model(g);
    const Value idle = g.parameter("idle", {2}, init::constant(3));
    const Value stopped = g.parameter("stopped", {2}, init::constant(3));
    const Loss loss{model.loss.sum + sum(stop_gradient(stopped)), model.loss.count};
    const Gradients gradients = gradients_of(loss);
    CHECK(gradients.parameters == std::vector<Value>{model.w});
    const Value norm = optimise({.name = name, .momentum = 0.5, .weight_decay = 0.5}, gradients);
    Workers workers(1);
    Execution step(compile(g, {norm, idle}), store, workers);
    const Tensor x = Tensor::of<float>({2}, {6, 8});
    step.set("x", x);
    step.set("count", 1.f);
    step.set("learning_rate", 0.1f);
    step.run();
    CHECK(weights(store)[0] != 1);
    CHECK(store.at("idle").value().as<float>()[0] == 3);
    CHECK(store.at("stopped").value().as<float>()[1] == 3);
    CHECK(store.find("optimiser/idle/first_moment") == -1);
  }
}

/// A body and a head, each of two parameters.
struct TwoParts {
  Loss loss;
  explicit TwoParts(Graph& g) {
    Value x = g.input("x", {2});
    for (const char* name : {"body", "head"}) {
      const auto scope = g.scope(name);
      x = g.parameter("weight", {2}, init::constant(0.5f)) * x +
          g.parameter_without_decay("bias", {2}, init::zeros());
    }
    loss = {sum(square(x)), g.constant(2)};
  }
};

/// The parameters after three steps.
std::vector<float> trained(Variables& store, Graph& g, Value loss,
                           const std::vector<std::pair<std::string, float>>& rates) {
  Workers workers(1);
  Execution step(compile(g, {loss}), store, workers);
  const Tensor x = Tensor::of<float>({2}, {1, -3});
  step.set("x", x);
  for (const auto& [name, rate] : rates) step.set(name, rate);
  for (int i = 0; i < 3; ++i) step.run();
  std::vector<float> result;
  for (const char* name : {"body/weight", "body/bias", "head/weight", "head/bias"})
    for (const float value : store.at(name).value().as<float>()) result.push_back(value);
  return result;
}

TEST_CASE("optimisers: two groups of one rate are one optimiser, bit for bit") {
  for (const char* name : {"sgd", "adamw"}) {
    const OptimiserConfig config{.name = name, .momentum = 0.9, .weight_decay = 0.1};
    OptimiserConfig body = config, head = config;
    body.group = "body", head.group = "head";
    Variables one, two, again;
    Graph g(one), h(two), k(again);
    const TwoParts model(g), parts(h), others(k);
    optimise(config, gradients_of(model.loss));
    const Gradients all = gradients_of(parts.loss);
    optimise(body, all.but("head"));
    optimise(head, all.of("head"));
    optimise(body, gradients_of(others.loss, parameters_of(k, "body/")));
    optimise(head, gradients_of(others.loss, parameters_of(k, "head/")));
    const auto expected = trained(one, g, model.loss.sum, {{"learning_rate", 0.05f}});
    const std::vector<std::pair<std::string, float>> rates{{"body/learning_rate", 0.05f},
                                                           {"head/learning_rate", 0.05f}};
    CHECK(trained(two, h, parts.loss.sum, rates) == expected);
    CHECK(trained(again, k, others.loss.sum, rates) == expected);
    CHECK(two.at("optimiser/body/step").value().as<float>()[0] == 3);
    // Another rate for the head changes both, none leaves it where it was.
    Variables third;
    Graph m(third);
    const TwoParts still(m);
    const Gradients gradients = gradients_of(still.loss);
    optimise(body, gradients.of("body"));
    optimise(head, gradients.of("head"));
    const auto resting = trained(third, m, still.loss.sum,
                                 {{"body/learning_rate", 0.05f}, {"head/learning_rate", 0.f}});
    CHECK(resting[4] == 0.5f);
    CHECK(resting[0] != 0.5f);
    CHECK(resting != expected);
  }
}

TEST_CASE("optimiser: what stands apart is clipped by a norm of its own, which is not told") {
  for (const double clip : {0.0, 2.5}) {
    Variables store;
    Graph g(store);
    const Linear model(g);
    const Value other = g.parameter("baseline/v", {2}, init::constant(1));
    const Loss loss{model.loss.sum + 1000 * sum(other), model.loss.count};
    const Value norm =
        optimise({.name = "sgd", .clip = clip, .apart = {"baseline/"}}, gradients_of(loss));
    Workers workers(1);
    Execution step(compile(g, {norm}), store, workers);
    const Tensor x = Tensor::of<float>({2}, {6, 8});
    step.set("x", x);
    step.set("count", 2.f);
    step.set("learning_rate", 0.1f);
    step.run();
    CHECK(step.scalar(norm) == doctest::Approx(5));
    CHECK(weights(store)[0] == doctest::Approx(1 - 0.1 * 3 * (clip > 0 ? 0.5 : 1)));
    const double moved = clip > 0 ? 2.5 / std::sqrt(2.) : 500;
    CHECK(store.at("baseline/v").value().as<float>()[0] == doctest::Approx(1 - 0.1 * moved));
  }
}

TEST_CASE("optimisers: two losses on disjoint parameters, each moved by its own") {
  Variables store;
  Graph g(store);
  const Value maker = g.parameter("maker/w", {2}, init::constant(1));
  const Value judge = g.parameter("judge/w", {2}, init::constant(1));
  const Value score = sum(maker * judge);  // the one lowers it, the other raises it
  optimise({.name = "sgd", .group = "maker"},
           gradients_of({score, g.constant(1)}, parameters_of(g, "maker")));
  optimise({.name = "sgd", .group = "judge"},
           gradients_of({-score, g.constant(1)}, parameters_of(g, "judge")));
  Workers workers(1);
  Execution step(compile(g, {score}), store, workers);
  step.set("maker/learning_rate", 0.5f);
  step.set("judge/learning_rate", 0.25f);
  step.run();
  CHECK(store.at("maker/w").value().as<float>()[0] == 0.5f);
  CHECK(store.at("judge/w").value().as<float>()[0] == 1.25f);  // by the maker before its step
}

TEST_CASE("optimiser: misuse is refused with the caller's place") {
  Variables store;
  Graph g(store), evaluation(store, Mode::evaluate), other(store, Mode::train, "other");
  const Linear model(g);
  const Value idle = g.parameter("idle", {2}, init::zeros());
  const Gradients gradients = gradients_of(model.loss);
  optimise({}, gradients);
  accumulate(gradients);
  store.create("frozen", {{2}}, Role::trainable, init::zeros());
  store.freeze("frozen");
  const Value frozen = g.parameter("frozen", {2}, init::zeros());
  const Value kept = g.saved_state("kept", {{2}}, init::zeros());
  Variables bare, fresh;
  Graph in_bare(bare), seen(fresh);
  const Value reading = evaluation.parameter("w", {2}, init::zeros());
  const Loss evaluated{sum(reading), evaluation.constant(1)};
  const std::vector<std::pair<std::function<void()>, const char*>> calls{
      {[&] { optimise({.name = "adma"}, gradients); }, "did you mean 'adam'?"},
      {[&] { optimise({}, gradients); }, "updates 'w' already"},
      {[&] { optimise({.group = "two"}, gradients); }, "updates 'w' already"},
      {[&] {
         optimise({}, gradients_of({sum(idle), model.loss.count}));
       },
       "of the group ''"},
      {[&] { optimise({}, Gradients{}); }, "expected a gradient"},
      {[&] { optimise({}, gradients_of(evaluated)); }, "evaluates and changes no parameter"},
      {[&] { accumulate(gradients_of(evaluated)); }, "evaluates and changes no parameter"},
      {[&] { accumulate(Gradients{}); }, "expected a gradient"},
      {[&] { accumulate(gradients); }, "accumulates already"},
      {[&] { accumulated(in_bare); }, "nothing was summed"},
      {[&] { gradients_of({}); }, "has no sum"},
      {[&] {
         gradients_of({model.loss.sum, {}});
       },
       "has no count"},
      {[&] {
         gradients_of({model.loss.sum, idle});
       },
       "one number"},
      {[&] {
         gradients_of({model.w, model.loss.count});
       },
       "one f32 element"},
      {[&] {
         gradients_of({model.loss.sum, other.constant(1)});
       },
       "another graph"},
      {[&] {
         gradients_of({seen.constant(1), seen.constant(1)});
       },
       "no parameter to train"},
      {[&] { gradients_of(model.loss, std::vector{idle}); }, "no path leads"},
      {[&] { gradients_of(model.loss, std::vector{Value{}}); }, "empty"},
      {[&] { gradients_of(model.loss, std::vector{frozen}); }, "frozen"},
      {[&] { gradients_of(model.loss, std::vector{kept}); }, "no parameter"},
      {[&] { gradients_of(model.loss, std::vector{model.x}); }, "not a variable"},
      {[&] { parameters_of(g, "idel"); }, "did you mean 'idle'?"},
      {[&] { gradients.of("v"); }, "begins with 'v'"},
      {[&] { gradients.but(""); }, "begins with ''"},
      {[&] { exchange_averages(store); }, "no parameter has an average"},
  };
  for (std::size_t i = 0; i < calls.size(); ++i) {
    CAPTURE(i);
    const std::string message = test::refusal(calls[i].first);
    CAPTURE(message);
    CHECK(message.find(calls[i].second) != std::string::npos);
    CHECK(message.find("optimiser_test.cpp:") != std::string::npos);
    CHECK(message.find("optimiser.cpp") == std::string::npos);
  }
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
  exchange_averages(store);  // nothing to exchange before the first update
  CHECK(weights(store)[0] == 1);
  double expected = 0;
  for (int t = 1; t <= 9; ++t) {
    step.run();
    const double weight = 1 - 0.5 * t;
    const double decay = std::min(0.3, (t - 1) / (t + 9.0));
    expected = decay * expected + (1 - decay) * weight;
    CHECK(weights(store)[0] == doctest::Approx(weight));
    CHECK(store.at("average/w").value().as<float>()[0] == doctest::Approx(expected));
  }
  {
    const AveragedParameters averaged(store);
    CHECK(weights(store)[0] == doctest::Approx(expected));
  }
  CHECK(weights(store)[0] == doctest::Approx(1 - 0.5 * 9));
}

TEST_CASE("optimise: numbers out of range are refused with the caller's place") {
  Variables store(1);
  Graph g(store);
  const Value w = g.parameter("w", {2}, init::constant(1));
  const Gradients gradients = gradients_of({sum(w * w), g.constant(1.f)});
  const auto refused = [&](const OptimiserConfig& config, const char* name) {
    CHECK_THROWS_WITH_AS(optimise(config, gradients), doctest::Contains(name), UsageError);
    CHECK_THROWS_WITH_AS(optimise(config, gradients), doctest::Contains("optimiser_test.cpp"),
                         UsageError);
  };
  for (const double bad : {-1., std::nan("")}) refused({.clip = bad}, "clip");
  for (const double bad : {-0.1, 1., 2., std::nan("")}) {
    refused({.average = bad}, "average");
    refused({.name = "sgd", .momentum = bad}, "momentum");
  }
  CHECK_NOTHROW(optimise({.clip = 1, .average = 0.9}, gradients));
}

}  // namespace abax
