// Elementwise groups: what becomes one step, what must not, and that the bits stay.
#include <doctest/doctest.h>

#include "core/base/text.h"
#include "core/graph/sum.h"
#include "core/plan/plan.h"
#include "tests/plan/test_ops.h"

namespace abax::test {
namespace {

CompileOptions fuse_only() { return only(&CompileOptions::fuse); }

struct Fixture {
  Variables store;
  Graph g{store};
  Value w = g.parameter("w", {5, 7}, init::uniform(-1, 1));
  Value v = g.parameter("v", {5, 7}, init::uniform(-1, 1));
  Value bias = g.parameter("bias", {7}, init::uniform(-1, 1));
  Value scale = g.parameter("scale", {}, init::uniform(-1, 1));

  /// The number of fused steps, after checking that fusing changes no bit.
  int steps(std::initializer_list<Value> outputs) {
    CHECK(evaluate(g, outputs, fuse_only()) == evaluate(g, outputs, CompileOptions::plain()));
    return step_count(*compile(g, outputs, fuse_only()));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "fuse: a chain with broadcast operands is one step") {
  const Value y = times(plus(times(w, scale), bias), scaled(v, 2));
  CHECK(steps({y}) == 1);
  const auto plan = compile(g, {y}, fuse_only());
  CHECK(plan->program.steps[0].nodes.size() == 4);
  CHECK(plan->program.steps[0].outputs.size() == 1);
  CHECK(memory_bytes(*plan) < memory_bytes(*compile(g, {y}, CompileOptions::plain())));
}

TEST_CASE_FIXTURE(Fixture, "fuse: results that others need too are further outputs") {
  const Value a = plus(w, v), b = times(a, w), c = scaled(b, 3);
  CHECK(steps({a, c}) == 1);
  const Value sum = total(b);
  CHECK(steps({a, c, sum}) == 2);
}

TEST_CASE_FIXTURE(Fixture, "fuse: smaller operands are computed once, before") {
  const Value small = scaled(plus(scale, scale), 2);  // of shape []
  const Value row = times(bias, small);               // of shape [7]
  const Value y = plus(times(w, row), small);
  const Value z = times(times(v, row), v);
  CHECK(steps({y, z}) == 4);
}

TEST_CASE_FIXTURE(Fixture, "fuse: no group around a step in between") {
  // a -> total -> b needs a's group to end before b's begins.
  const Value a = scaled(plus(w, v), 2);
  const Value b = plus(times(a, w), total(a));
  CHECK(steps({b}) == 3);
  const Value c = affine(a, 2, 1);
  CHECK(steps({plus(a, c)}) == 3);
}

TEST_CASE_FIXTURE(Fixture, "fuse: pieces of a result are no registers, whole views are") {
  const Value a = scaled(w, 2);
  const Value first = window(a, {1, 7}, 0), same = window(a, {5, 7}, 0), flat = window(a, {35}, 0);
  CompileOptions options = fuse_only();
  options.views = true;
  const auto count = [&](Value y) {
    CHECK(evaluate(g, {y}, options) == evaluate(g, {y}, CompileOptions::plain()));
    return step_count(*compile(g, {y}, options));
  };
  CHECK(count(plus(a, first)) == 2);
  CHECK(count(plus(a, same)) == 1);
  CHECK(count(plus(flat, flat)) == 2);
  CHECK(count(times(plus(a, first), same)) == 2);
}

TEST_CASE_FIXTURE(Fixture, "fuse: groups have an end") {
  Value y = w;
  for (int i = 0; i < 100; ++i) y = plus(scaled(y, 0.5f), i % 3 ? v : bias);
  const int count = steps({y});
  CHECK(count > 4);
  CHECK(count < 15);
  // Many operands: as registers they would crowd the cache.
  Value sum = w;
  for (int i = 0; i < 40; ++i)
    sum = plus(sum, g.parameter(str_cat("p", i), {5, 7}, init::uniform(-1, 1)));
  CHECK(steps({sum}) > 2);
}

TEST_CASE_FIXTURE(Fixture, "fuse: the comparison's bytes and the choice between values") {
  const Value chosen = select(less(w, bias), scaled(w, 2), v);
  CHECK(steps({chosen}) == 1);
  CHECK(steps({chosen, broadcast_to(scale, {5, 7})}) == 2);
}

TEST_CASE_FIXTURE(Fixture, "fuse: what only the end reads joins the end") {
  // The first value is far from its reader; the reader's other operand comes late.
  const Value early = scaled(w, 2);
  Value late = affine(early, 1, 1);
  for (int i = 0; i < 80; ++i) late = affine(late, 0.5f, 1);
  const Value left = plus(early, early);  // read at the end alone
  CHECK(steps({times(left, late)}) == 83);
  const auto plan = compile(g, {times(left, late)}, fuse_only());
  CHECK(plan->program.steps.back().nodes.size() == 2);
}

}  // namespace abax::test
