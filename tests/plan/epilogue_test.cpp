// Elementwise steps attached to the op before them, and accumulation in the other operand's memory.
#include <doctest/doctest.h>

#include "core/plan/plan.h"
#include "tests/plan/memory_check.h"
#include "tests/plan/test_ops.h"

namespace abax::test {
namespace {

struct Fixture {
  Variables store;
  Graph g{store};
  Value x = g.parameter("x", {9, 50}, init::uniform(-1, 1));
  Value y = g.parameter("y", {9, 50}, init::uniform(-1, 1));
  Value w = g.parameter("w", {13}, init::uniform(-1, 1));
  Value bias = g.parameter("bias", {50}, init::uniform(-1, 1));

  int steps(std::initializer_list<Value> outputs, bool fuse = true) {
    CompileOptions options = only(&CompileOptions::epilogues);
    options.fuse = fuse;
    options.views = true;
    CHECK(evaluate(g, outputs, options) == evaluate(g, outputs, CompileOptions::plain()));
    return step_count(*compile(g, outputs, options));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "epilogue: a chain becomes part of the op before it") {
  const Value h = scaled(plus(mix(x, w), bias), 2);
  CHECK(steps({h}) == 1);
  CHECK(steps({h}, false) == 2);
  const auto plan = compile(g, {h});
  CHECK(plan->program.steps[0].nodes == std::vector<std::string>{"mix", "plus", "scaled"});
  CHECK(memory_bytes(*plan) < memory_bytes(*compile(g, {h}, CompileOptions::plain())));
}

TEST_CASE_FIXTURE(Fixture, "epilogue: the op's result may be any operand of the chain") {
  CHECK(steps({plus(bias, mix(x, w))}) == 1);
  CHECK(steps({select(less(x, y), bias, mix(x, w))}) == 1);
  CHECK(steps({times(scaled(y, 2), plus(bias, mix(x, w)))}) == 1);
}

TEST_CASE_FIXTURE(Fixture, "epilogue: a chain may read one operand twice beside the op's result") {
  for (const bool fuse : {false, true}) {
    CHECK(steps({lerp(x, x, mix(y, w))}, fuse) == 1);
    CHECK(steps({lerp(x, mix(y, w), x)}, fuse) == 1);
    CHECK(steps({lerp(mix(y, w), x, x)}, fuse) == 1);
    const Value twice = mix(y, w);
    CHECK(steps({lerp(x, twice, twice)}, fuse) == 2);
  }
}

TEST_CASE_FIXTURE(Fixture, "epilogue: not where the result is needed elsewhere, or read twice") {
  const Value m = mix(x, w);
  CHECK(steps({m, scaled(m, 2)}) == 2);
  CHECK(steps({scaled(m, 2), total(m)}) == 3);
  const Value flat = window(m, {450}, 0);
  CHECK(steps({plus(m, window(flat, {9, 50}, 0))}) == 2);
  CHECK(steps({plus(m, window(m, {50}, 100))}) == 2);
}

TEST_CASE_FIXTURE(Fixture, "epilogue: not where the result is broadcast") {
  const Value row = mix(bias, w);  // [50]
  CHECK(steps({plus(x, row)}) == 2);
}

TEST_CASE_FIXTURE(Fixture, "epilogue: of two results the later one takes the chain") {
  const Value a = mix(x, w), b = mix(y, w);
  CHECK(steps({plus(b, scaled(a, 3))}) == 2);
  CHECK(steps({plus(affine(b, 1, 1), a)}) == 3);
}

TEST_CASE_FIXTURE(Fixture, "epilogue: a reshaped result, several outputs") {
  const Value m = window(mix(x, w), {450}, 0);
  const Value a = scaled(m, 2), b = plus(a, a);
  CHECK(steps({a, b}) == 1);
}

TEST_CASE_FIXTURE(Fixture, "epilogue: a sum with an older gradient is computed in its memory") {
  const Value older = affine(y, 2, 1);
  const Value sum = plus(older, mix(x, w));
  const auto plan = compile(g, {sum});
  CHECK(step_count(*plan) == 2);
  CHECK(plan->memory.arena_bytes == 9 * 50 * 4 + 56);  // one value, in whole cache lines
  CHECK(check_memory(*plan) == "");
  CHECK(evaluate(g, {sum}, {}) == evaluate(g, {sum}, CompileOptions::plain()));
  // Not where the older one is needed later, or is the op's own operand.
  CHECK(compile(g, {sum, older})->memory.arena_bytes > 9 * 50 * 4 + 56);
  const Value own = plus(older, mix(older, w));
  CHECK(compile(g, {own})->memory.arena_bytes > 9 * 50 * 4 + 56);
  CHECK(evaluate(g, {own}, {}) == evaluate(g, {own}, CompileOptions::plain()));
}

}  // namespace abax::test
