// Only what the outputs and the assignments need becomes steps.
#include <doctest/doctest.h>

#include "core/plan/plan.h"
#include "tests/plan/test_ops.h"

namespace abax::test {

TEST_CASE("prune: what nothing needs is no step, no input and no variable of the plan") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {3}), unused = g.input("unused", {3});
  const Value w = g.parameter("w", {3}, init::constant(2)),
              idle = g.parameter("idle", {3}, init::zeros());
  const Value y = plus(x, w);
  times(plus(unused, idle), y);
  const auto plan = compile(g, {y}, CompileOptions::plain());
  CHECK(step_count(*plan) == 1);
  CHECK(plan->program.inputs.size() == 1);
  CHECK(plan->program.variables.size() == 1);
}

TEST_CASE("prune: assignments are kept, with all that they need") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {3}, init::constant(2));
  g.assign(w, affine(scaled(w, 2), 1, 1));
  const auto plan = compile(g, {}, CompileOptions::plain());
  CHECK(step_count(*plan) == 2);
  Workers workers(1);
  Execution run(plan, store, workers);
  run.run();
  CHECK(values(store.at("w").value().view()) == std::vector<float>{5, 5, 5});
}

}  // namespace abax::test
