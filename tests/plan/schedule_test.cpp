// Which steps run side by side, and that what they share is never written by one of them.
#include <doctest/doctest.h>

#include "core/plan/plan.h"
#include "tests/plan/memory_check.h"
#include "tests/plan/test_ops.h"

namespace abax::test {
namespace {

const Shape large{1000, 300};

/// The names of the first nodes of the steps, those side by side joined by "|".
std::string order(const Plan& plan) {
  std::string result;
  for (std::size_t s = 0; s < plan.times.size(); ++s) {
    if (s > 0) result += plan.times[s] == plan.times[s - 1] ? "|" : " ";
    result += plan.program.steps[s].nodes.front();
  }
  return result;
}

std::string order(Graph& g, std::initializer_list<Value> outputs) {
  CompileOptions options;
  options.pack = false;
  const auto plan = compile(g, outputs, options);
  CHECK(check_memory(*plan) == "");
  CHECK(evaluate(g, outputs, options) == evaluate(g, outputs, CompileOptions::plain()));
  return order(*plan);
}

struct Fixture {
  Variables store;
  Graph g{store};
  Value x = g.parameter("x", large, init::uniform(-1, 1));
  Value small = g.parameter("small", {10}, init::uniform(-1, 1));
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "schedule: large independent steps of one piece run side by side") {
  const Value a = affine(x, 1, 1), b = affine(x, 2, 1);
  CHECK(order(g, {a, b}) == "affine|affine.1");
  const Value c = affine(a, 3, 1), d = affine(b, 3, 2);
  CHECK(order(g, {c, d}) == "affine|affine.1 affine.2|affine.3");
}

TEST_CASE_FIXTURE(Fixture,
                  "schedule: not where one needs the other, is small, or has pieces enough") {
  const Value a = affine(x, 1, 1);
  CHECK(order(g, {affine(a, 2, 1)}) == "affine affine.1");
  CHECK(order(g, {affine(small, 2, 1), affine(small, 3, 1)}) == "affine.2 affine.3");
  CHECK(order(g, {mix(x, small), mix(x, g.constant(1.f))}) == "mix mix.1");
}

TEST_CASE_FIXTURE(Fixture, "schedule: a later step comes forward, but not before what it reads") {
  const Value a = affine(x, 1, 1);
  const Value s = affine(small, 1, 1);
  const Value b = affine(x, 2, 1);
  const Value c = two(a)[0];
  CHECK(order(g, {s, b, c}) == "affine|affine.2 affine.1 two");
}

TEST_CASE_FIXTURE(Fixture, "schedule: an operand that two of them read is not overwritten by one") {
  // positive may overwrite its operand, which dies here, read by both.
  const auto half = [&](Value v) { return window(v, {large.size() / 2}, large.size() / 2); };
  const Value a = affine(x, 1, 1);
  const Value b = affine(a, 2, 1), c = affine(a, 3, 1), d = two(half(a))[1];
  CHECK(order(g, {b, c, d}).find("affine.1|affine.2|two") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "schedule: updates run alone, in their order") {
  const Value y = g.parameter("y", large, init::uniform(-1, 1));
  g.assign(x, affine(x, 2, 1));
  g.assign(y, affine(x, 3, 1));
  const auto plan = compile(g, {});
  CHECK(check_memory(*plan) == "");
  CHECK(order(*plan) == "affine.1 affine");  // the reader of x before its update
}

TEST_CASE_FIXTURE(Fixture, "schedule: off, all run one after another") {
  const Value a = affine(x, 1, 1), b = affine(x, 2, 1);
  CHECK(order(*compile(g, {a, b}, CompileOptions::plain())) == "affine affine.1");
}

}  // namespace abax::test
