// Views cost no step and no memory, and what lies in a variable is read before that is overwritten.
#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/plan/plan.h"
#include "tests/plan/memory_check.h"
#include "tests/plan/test_ops.h"

namespace abax::test {
namespace {

using Floats = std::vector<float>;

Value ramp(Graph& g, Shape shape) {
  Tensor tensor(shape);
  for (std::size_t i = 0; i < tensor.as<float>().size(); ++i)
    tensor.as<float>()[i] = static_cast<float>(i);
  return g.constant(std::move(tensor));
}

}  // namespace

TEST_CASE("views: of inputs, results and views") {
  Variables store;
  Graph g(store);
  const Value x = affine(ramp(g, {4, 3}), 1, 1);
  const Value tail = window(x, {2, 3}, 6);  // 7 .. 12
  const Value flat = window(tail, {4}, 2);  // 9 .. 12
  const Value y = affine(flat, 10, 0);
  const CompileOptions options = only(&CompileOptions::views);
  CHECK(evaluate(g, {tail, flat, y}, options) ==
        std::vector{Floats{7, 8, 9, 10, 11, 12}, Floats{9, 10, 11, 12}, Floats{90, 100, 110, 120}});
  const auto plan = compile(g, {tail, flat, y}, options);
  CHECK(step_count(*plan) == 2);
  CHECK(plan->program.value(plan->program.outputs[1].value).byte_offset == 32);
  CHECK(memory_bytes(*plan) < memory_bytes(*compile(g, {tail, flat, y}, CompileOptions::plain())));
}

TEST_CASE("views: of a variable that the run assigns are read before the commit") {
  for (const bool all : {false, true}) {
    Variables store;
    Graph g(store);
    const Value w = g.saved_state("w", {{4}, f32}, init::constant(1));
    const Value half = window(w, {2}, 2);
    g.assign(w, plus(w, g.constant(Tensor::of<float>({4}, {1, 2, 3, 4}))));
    const Value late = affine(half, 10, 0);
    const auto plan =
        compile(g, {half, late}, all ? CompileOptions{} : only(&CompileOptions::views));
    CHECK(check_memory(*plan) == "");
    Workers workers(1);
    Execution run(plan, store, workers);
    run.run();
    CHECK(values(run.get(half)) == Floats{1, 1});
    CHECK(values(run.get(late)) == Floats{10, 10});
    run.run();
    CHECK(values(run.get(half)) == Floats{4, 5});
    CHECK(values(run.get(late)) == Floats{40, 50});
  }
}

TEST_CASE("views: a variable becomes a view of another one, or of an input") {
  Variables store;
  Graph g(store);
  const Value a = g.saved_state("a", {{2}, f32}, init::constant(1));
  const Value b = g.saved_state("b", {{4}, f32}, init::constant(5));
  const Value x = g.input("x", {4});
  g.assign(a, window(b, {2}, 1));
  g.assign(b, window(x, {4}, 0));
  Workers workers(1);
  Execution run(compile(g, {}), store, workers);
  const Tensor input = Tensor::of<float>({4}, {1, 2, 3, 4});
  run.set("x", input);
  run.run();
  CHECK(values(store.at("a").value().view()) == Floats{5, 5});
  run.run();
  CHECK(values(store.at("a").value().view()) == Floats{2, 3});
}

TEST_CASE("views: an op that claims a piece outside its input is refused") {
  Variables store;
  Graph g(store);
  const Value beyond = window(ramp(g, {4}), {3}, 2);
  CHECK_THROWS_AS(compile(g, {beyond}), UsageError);
}

}  // namespace abax::test
