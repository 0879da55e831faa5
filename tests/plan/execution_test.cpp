// Binding, running, fetching, committing, and what is refused.
#include "core/plan/execution.h"

#include <doctest/doctest.h>

#include <limits>
#include <optional>
#include <thread>
#include <utility>

#include "core/base/error.h"
#include "tests/plan/test_ops.h"

namespace abax::test {

using Floats = std::vector<float>;

TEST_CASE("execution: inputs, several outputs, names") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {3});
  std::vector<Value> pair;
  {
    const auto scope = g.scope("layer", 2);
    pair = two(x);
    g.name(pair[1], "doubled");
  }
  const Value y = affine(pair[0], 2, -1);
  affine(y, 5, 5);  // not needed: pruned
  const auto plan = compile(g, {y, pair[1], x});
  CHECK(step_count(*plan) == 2);
  Workers workers(1);
  Execution run(plan, store, workers);
  const Tensor input = Tensor::of<float>({3}, {1, 2, 3});
  run.set("x", input);
  CHECK_THROWS_AS(run.get(y), UsageError);  // before the first run
  run.run();
  CHECK(values(run.get(y)) == Floats{3, 5, 7});
  CHECK(values(run.get(pair[1])) == Floats{2, 4, 6});
  CHECK(values(run.get("layer2/doubled")) == Floats{2, 4, 6});
  CHECK(values(run.get("layer2/two:1")) == Floats{2, 4, 6});
  CHECK(values(run.get(x)) == Floats{1, 2, 3});
  CHECK_THROWS_AS(run.get(pair[0]), UsageError);
  CHECK_THROWS_WITH_AS(run.get("layer2/doublet"),
                       doctest::Contains("'layer2/doublet' is no output of this plan; did you mean "
                                         "'layer2/doubled'?\n  at tests/plan/execution_test.cpp:"),
                       UsageError);
}

TEST_CASE("execution: wrong names and types are refused, missing inputs too") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {2, 3});
  const auto plan = compile(g, {affine(x, 1, 1)});
  Workers workers(1);
  Execution run(plan, store, workers);
  CHECK_THROWS_WITH_AS(
      run.run(),
      doctest::Contains("input 'x', f32[2, 3], of the plan 'train' was not set; call set() "
                        "before run()\n  at tests/plan/execution_test.cpp:"),
      UsageError);
  CHECK_THROWS_WITH_AS(run.set("y", 1.f),
                       doctest::Contains("the plan has no input 'y'; its inputs are 'x'\n  at "
                                         "tests/plan/execution_test.cpp:"),
                       UsageError);
  const Tensor wrong(Shape{3, 2});
  CHECK_THROWS_WITH_AS(run.set("x", wrong),
                       doctest::Contains("input 'x' is f32[2, 3], not f32[3, 2]\n  at "),
                       UsageError);
  Graph other(store);
  CHECK_THROWS_AS(compile(g, {other.input("z", {1})}), UsageError);
  CHECK_THROWS_AS(compile(g, {Value()}), UsageError);
  Variables empty;
  Graph with_parameter(store);
  const auto needs = compile(with_parameter, {with_parameter.parameter("w", {2}, init::zeros())});
  CHECK_THROWS_AS(Execution(needs, empty, workers), UsageError);
}

TEST_CASE("execution: a graph at the address of one that is gone is another graph") {
  Variables store;
  Workers workers(1);
  std::optional<Graph> g(std::in_place, store);
  const Graph* const address = &*g;
  const Value y = affine(g->constant(1.f), 2, 0);
  Execution run(compile(*g, {y}), store, workers);
  run.run();
  CHECK(run.scalar(y) == 2);
  g.emplace(store);
  const Value other = affine(g->constant(1.f), 3, 0);
  REQUIRE(&other.graph() == address);
  REQUIRE(other.node() == y.node());
  CHECK_THROWS_AS(run.get(other), UsageError);
  CHECK(run.scalar(y) == 2);
  CHECK_THROWS_AS(affine(y, 1, 1), UsageError);  // of a graph that is gone
}

TEST_CASE("execution: a result in the execution's own memory is refused as its input") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {3}), y = affine(x, 2, 0);
  const auto plan = compile(g, {y});
  Workers workers(1);
  Execution run(plan, store, workers), other(plan, store, workers);
  const Tensor input = Tensor::of<float>({3}, {1, 2, 3});
  run.set("x", input);
  run.run();
  CHECK_THROWS_WITH_AS(run.set("x", run.get(y)), doctest::Contains("give a copy of it"),
                       UsageError);
  other.set("x", run.get(y));
  other.run();
  CHECK(values(other.get(y)) == Floats{4, 8, 12});
}

// A temporary would be gone when the run reads it.
template <class T>
concept can_bind = requires(Execution run, T&& tensor) {
  run.set("x", std::forward<T>(tensor));
};
static_assert(can_bind<Tensor&> && can_bind<const Tensor&> && can_bind<TensorView>);
static_assert(!can_bind<Tensor> && !can_bind<const Tensor>);

TEST_CASE("execution: inputs are checked before anything is updated") {
  Variables store;
  Graph g(store);
  const Value token = g.input("token", {2, 2}, i32, values_in(0, 10));
  const Value rate = g.input("rate", {}, f32, values_in(0, 1));
  const Value byte = g.input("byte", {1}, u8, values_in(0, 3));
  const Value w = g.parameter("w", {1}, init::constant(1));
  g.assign(w, affine(w, 2, 0));
  const auto plan = compile(g, {token, rate, byte});
  Workers workers(1);
  Execution run(plan, store, workers);
  const auto attempt = [&](std::int32_t t, float r, std::uint8_t b) {
    const Tensor tokens = Tensor::of<std::int32_t>({2, 2}, {0, 9, t, 1});
    const Tensor bytes = Tensor::of<std::uint8_t>({1}, {b});
    run.set("token", tokens);
    run.set("rate", r);
    run.set("byte", bytes);
    run.run();
  };
  const float w0 = store.at("w").value().as<float>()[0];
  CHECK_THROWS_WITH_AS(attempt(10, 0.5f, 0),
                       "input 'token', i32[2, 2]: element [1, 0] is 10, outside its range "
                       "0 <= x < 10; nothing was updated",
                       DataError);
  CHECK_THROWS_AS(attempt(-1, 0.5f, 0), DataError);
  CHECK_THROWS_AS(attempt(3, 1.f, 0), DataError);
  CHECK_THROWS_AS(attempt(3, -1e-9f, 0), DataError);
  CHECK_THROWS_AS(attempt(3, std::numeric_limits<float>::quiet_NaN(), 0), DataError);
  CHECK_THROWS_AS(attempt(3, 0.5f, 3), DataError);
  CHECK(store.at("w").value().as<float>()[0] == w0);
  CHECK(store.at("w").version() == 0);
  attempt(9, 0.f, 2);
  CHECK(store.at("w").value().as<float>()[0] == 2 * w0);
  CHECK(store.at("w").version() == 1);
}

TEST_CASE("execution: reads see the values at the beginning, assignments swap") {
  Variables store;
  Graph g(store);
  const Value a = g.saved_state("a", {{2}, f32}, init::constant(1));
  const Value b = g.saved_state("b", {{2}, f32}, init::constant(5));
  g.assign(a, b);
  g.assign(b, a);
  const Value late = affine(a, 10, 0);
  const auto plan = compile(g, {a, late});
  Workers workers(1);
  Execution run(plan, store, workers);
  run.run();
  CHECK(values(run.get(a)) == Floats{1, 1});
  CHECK(values(run.get(late)) == Floats{10, 10});
  CHECK(values(store.at("a").value().view()) == Floats{5, 5});
  CHECK(values(store.at("b").value().view()) == Floats{1, 1});
  run.run();
  CHECK(values(run.get(a)) == Floats{5, 5});
  CHECK(values(store.at("a").value().view()) == Floats{1, 1});
}

TEST_CASE(
    "execution: a kernel that throws leaves variables as they were and the execution usable") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {1});
  const Value w = g.parameter("w", {1}, init::constant(3));
  g.assign(w, shifted(w, 1));  // nothing orders it behind the step that throws
  const auto plan = compile(g, {affine(positive(x), 1, 0)});
  for (const int threads : {1, 2}) {
    Workers workers(threads);
    Execution run(plan, store, workers);
    const float bad = -1, good = 2;
    const float before = store.at("w").value().as<float>()[0];
    run.set("x", TensorView{&bad, {{1}, f32}});
    CHECK_THROWS_AS(run.run(), DataError);
    CHECK(store.at("w").value().as<float>()[0] == before);
    run.set("x", TensorView{&good, {{1}, f32}});
    run.run();
    CHECK(store.at("w").value().as<float>()[0] == before + 1);
  }
}

TEST_CASE("execution: random numbers depend on seed, label, name and how often the label ran") {
  const auto draw = [](std::uint64_t seed, std::string label, int runs) {
    Variables store(seed);
    Graph g(store, Mode::train, label);
    const Value n = noise(g, {4});
    const auto plan = compile(g, {n});
    Workers workers(1);
    Floats last;
    for (int i = 0; i < runs; ++i) {
      Execution run(plan, store, workers);
      run.run();
      last = values(run.get(n));
    }
    CHECK(store.runs(label) == static_cast<std::uint64_t>(runs));
    return last;
  };
  CHECK(draw(1, "train", 2) == draw(1, "train", 2));
  CHECK(draw(1, "train", 2) != draw(1, "train", 1));
  CHECK(draw(2, "train", 1) != draw(1, "train", 1));
  CHECK(draw(1, "valid", 1) != draw(1, "train", 1));
}

TEST_CASE("execution: a run that throws uses up no random numbers") {
  const auto draw = [](bool fail_first) {
    Variables store(3);
    Graph g(store);
    const Value x = g.input("x", {1});
    const Value n = noise(g, {4}), checked = positive(affine(x, 1, 0));
    Workers workers(1);
    Execution run(compile(g, {n, checked}), store, workers);
    const float bad = -1, good = 2;
    if (fail_first) {
      run.set("x", TensorView{&bad, {{1}, f32}});
      CHECK_THROWS_AS(run.run(), DataError);
      CHECK(store.runs("train") == 0);
    }
    run.set("x", TensorView{&good, {{1}, f32}});
    run.run();
    CHECK(store.runs("train") == 1);
    return values(run.get(n));
  };
  CHECK(draw(true) == draw(false));
}

TEST_CASE("execution: several executions of one plan in several threads") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {1000});
  Value y = x;
  for (int i = 0; i < 5; ++i) y = shifted(y, 1);
  const auto plan = compile(g, {y});
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Workers workers(2);
      Execution run(plan, store, workers);
      Tensor input(Shape{1000});
      for (int repeat = 0; repeat < 20; ++repeat) {
        for (float& v : input.as<float>()) v = static_cast<float>(100 * t + repeat);
        run.set("x", input);
        run.run();
        for (const float v : run.get(y).as<float>())
          wrong[static_cast<std::size_t>(t)] += v != static_cast<float>(100 * t + repeat + 5);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("execution: a shared workspace grows with the largest plan") {
  Variables store;
  Workers workers(1);
  const auto workspace = make_workspace();
  Graph g(store);
  const Value x = g.input("x", {});
  const Value small = affine(x, 2, 0);
  Graph h(store);
  const Value big = affine(h.parameter("w", {100000}, init::constant(1)), 2, 0);
  Execution first(compile(g, {small}), store, workers, workspace);
  Execution second(compile(h, {big}), store, workers, workspace);
  for (int i = 1; i < 4; ++i) {
    first.set("x", static_cast<float>(i));
    first.run();
    CHECK(first.scalar(small) == 2 * static_cast<float>(i));
    second.run();
    CHECK(second.get(big).as<float>()[99999] == 2);
  }
}

TEST_CASE("execution: values without elements") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {0, 3}, f32, values_in(0, 1));
  const Value w = g.saved_state("w", {{0}, f32}, init::zeros());
  g.assign(w, affine(w, 1, 1));
  const Value y = shifted(affine(x, 1, 1), 2);
  Workers workers(2);
  Execution run(compile(g, {y, w}), store, workers);
  run.set("x", TensorView{nullptr, {{0, 3}, f32}});
  run.run();
  CHECK(run.get(y).type == TensorType{{0, 3}, f32});
  CHECK_THROWS_AS(run.scalar(y), UsageError);
}

}  // namespace abax::test
