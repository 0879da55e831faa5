// Predictions on arrays of several shapes, against the graph that trained.
#include "models/generation/predictor.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "core/base/error.h"
#include "models/layers/layers.h"
#include "models/training/optimiser.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/random.h"
#include "ops/reduce.h"

namespace abax {
namespace {

Value network(Value x) {
  const Value hidden = dropout(tanh(linear(x, 8, "hidden")), 0.5f);
  return linear(hidden, 2, "output");
}

Tensor rows_of(std::int64_t rows) {
  Tensor x({rows, 3});
  for (std::int64_t i = 0; i < x.size(); ++i)
    x.as<float>()[static_cast<std::size_t>(i)] = static_cast<float>(i % 7) - 3;
  return x;
}

std::vector<float> values(const Tensor& tensor) {
  return {tensor.as<float>().begin(), tensor.as<float>().end()};
}

/// A trained network.
struct Trained {
  Variables store{1};
  Workers workers{1};
  Graph graph{store};
  Value loss = sum(square(network(graph.input("x", {4, 3}))));
  Execution step;
  Trained()
      : step((optimise({}, gradients_of({loss, graph.constant(8)})), compile(graph, {loss})), store,
             workers) {}
  void train() {
    const Tensor x = rows_of(4);
    step.set("x", x);
    step.set("learning_rate", 0.1f);
    step.run();
  }
};

/// The network on one row alone.
std::vector<float> alone(Variables& store, Workers& workers, const Tensor& x, std::int64_t row) {
  Graph g(store, Mode::evaluate, "alone");
  const Value y = network(g.input("x", {1, 3}));
  Execution execution(compile(g, {y}), store, workers);
  const Tensor one =
      Tensor::of<float>({1, 3}, x.as<float>().subspan(static_cast<std::size_t>(3 * row), 3));
  execution.set("x", one);
  execution.run();
  const auto found = execution.get(y).as<float>();
  return {found.begin(), found.end()};
}

}  // namespace

TEST_CASE("predictor: any number of rows, each as it would be alone, while training goes on") {
  Trained model;
  Predictor predict(model.store, model.workers, network);
  for (int round = 0; round < 2; ++round) {
    model.train();
    for (const std::int64_t rows : {5, 1, 9, 5}) {
      const Tensor x = rows_of(rows), y = predict(x);
      REQUIRE(y.shape() == Shape{rows, 2});
      for (std::int64_t row = 0; row < rows; ++row) {
        const auto expected = alone(model.store, model.workers, x, row);
        CHECK(y.as<float>()[static_cast<std::size_t>(2 * row)] == doctest::Approx(expected[0]));
        CHECK(y.as<float>()[static_cast<std::size_t>(2 * row + 1)] == doctest::Approx(expected[1]));
      }
    }
    CHECK(predict.plans() == 3);
  }
}

TEST_CASE("predictor: a plan is made once a shape, and the oldest goes first") {
  Trained model;
  int built = 0;
  const auto count = [&](Value x) { return ++built, network(x); };
  Predictor predict(model.store, model.workers, count, /*most_plans=*/2);
  for (const std::int64_t rows : {1, 2, 1, 3, 1, 2}) predict(rows_of(rows));
  CHECK(built == 4);  // 1, 2, 3 in the place of 2, 2 in that of 3
  CHECK(predict.plans() == 2);
  CHECK(values(predict(rows_of(0))).empty());
}

TEST_CASE("predictor: several inputs and outputs, by their names and types") {
  Variables store;
  Workers workers(1);
  store.create("scale", {Shape{}}, Role::trainable, init::constant(3));
  store.create("seen", {Shape{}}, Role::saved, init::constant(0));
  Predictor predict(store, workers, [](Graph& g, const PredictorInputs& in) {
    const Value scale = g.parameter("scale", {}, init::zeros());
    const Value seen = g.saved_state("seen", {Shape{}}, init::zeros());
    const Value last = g.carried_state("last", {Shape{}});
    g.assign(last, last + 1);
    return std::vector<Value>{in.at("a") * scale + seen, cast(in.at("b"), f32) + last,
                              random_uniform(g, {2})};
  });
  const Tensor a = Tensor::of<float>({2}, {1, 2}), b = Tensor::of<std::int32_t>({2}, {7, 8});
  const std::vector<std::string> names = store.names();
  const std::vector<Tensor> found = predict({{"a", a}, {"b", b}});
  REQUIRE(found.size() == 3);
  CHECK(values(found[0]) == std::vector<float>{3, 6});
  CHECK(values(found[1]) == std::vector<float>{7, 8});
  store.at("seen").write().as<float>()[0] = 10;  // saved state is read as it is now
  store.at("scale").write().as<float>()[0] = 4;
  const std::vector<Tensor> again = predict({{"a", a}, {"b", b}});
  CHECK(values(again[0]) == std::vector<float>{14, 18});
  CHECK(values(again[1]) == std::vector<float>{8, 9});
  CHECK(values(again[2]) != values(found[2]));
  CHECK(store.names() == names);
  CHECK(store.all_runs().empty());
}

TEST_CASE("predictor: one a thread on one store gives what one gives") {
  Trained model;
  model.train();
  Predictor predict(model.store, model.workers, network);
  const std::vector<float> expected = values(predict(rows_of(6)));
  std::vector<std::vector<float>> found(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      Workers own(1);
      Predictor mine(model.store, own, network);
      for (int repeat = 0; repeat < 5; ++repeat) {
        mine(rows_of(repeat + 1));
        found[i] = values(mine(rows_of(6)));
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& each : found) CHECK(each == expected);
}

TEST_CASE("predictor: what does not fit is refused, and a later call is served") {
  Trained model;
  model.train();
  Predictor predict(model.store, model.workers, network);
  CHECK_THROWS_AS(predict(Tensor({4, 5})), UsageError);  // 3 values a row
  CHECK_THROWS_AS(predict(Tensor(Shape{})), UsageError);
  CHECK_THROWS_AS(predict({{"x", Tensor({4, 3})}, {"y", Tensor({4, 3})}}), UsageError);
  CHECK_THROWS_AS(predict(std::span<const NamedTensor>()), UsageError);
  CHECK(predict.plans() == 0);
  CHECK(predict(rows_of(2)).shape() == Shape{2, 2});
  CHECK_THROWS_AS(Predictor(model.store, model.workers, network, 0), UsageError);
  Variables empty;
  Predictor untrained(empty, model.workers, network);
  CHECK_THROWS_AS(untrained(rows_of(2)), UsageError);
  CHECK(empty.count() == 0);
}

TEST_CASE("predictor: a call that comes too early does no harm to later ones") {
  Variables store(1);
  Workers workers(1);
  Predictor predict(store, workers, network);
  CHECK_THROWS_AS(predict(rows_of(2)), UsageError);  // there are no parameters yet
  Graph g(store);
  network(g.input("x", {2, 3}));
  CHECK(predict(rows_of(2)).shape() == Shape{2, 2});
}

TEST_CASE("predictor: a store or workers that are gone are refused") {
  auto store = std::make_unique<Variables>(1);
  auto workers = std::make_unique<Workers>(1);
  {
    Graph g(*store);
    network(g.input("x", {2, 3}));
  }
  Predictor no_store(*store, *workers, network), no_workers(*store, *workers, network);
  no_store(rows_of(2));
  no_workers(rows_of(2));
  auto others = std::make_unique<Workers>(1);
  Predictor unused(*store, *others, network);
  others.reset();
  CHECK_THROWS_WITH_AS(unused(rows_of(2)), doctest::Contains("Workers"), UsageError);
  store.reset();
  CHECK_THROWS_WITH_AS(no_store(rows_of(2)), doctest::Contains("the store"), UsageError);
  CHECK_THROWS_AS(no_store(rows_of(3)), UsageError);
  workers.reset();
  CHECK_THROWS_AS(no_workers(rows_of(2)), UsageError);
}

TEST_CASE("predictor: an input that was not given, and no function, are refused by name") {
  Variables store(1);
  Workers workers(1);
  Predictor predict(store, workers, [](Graph&, const PredictorInputs& in) {
    CHECK((in.contains("a") && !in.contains("x") && in.size() == 2));
    return std::vector<Value>{in.at("x")};
  });
  const Tensor one = rows_of(1);
  CHECK_THROWS_WITH_AS(predict({{"b", one}, {"a", one}}),
                       doctest::Contains("no input 'x' but 'a', 'b'"), UsageError);
  CHECK_THROWS_AS(Predictor(store, workers, std::function<Value(Value)>()), UsageError);
  CHECK_THROWS_AS(Predictor(store, workers, Predictor::Build()), UsageError);
}

}  // namespace abax
