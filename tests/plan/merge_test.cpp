// Equal steps become one; random ones, and steps that differ in anything, stay apart.
#include <doctest/doctest.h>

#include <cmath>

#include "core/graph/elementwise_op.h"
#include "tests/plan/test_ops.h"

namespace abax::test {
namespace {

constexpr auto merge_only = [] { return only(&CompileOptions::merge); };

}  // namespace

TEST_CASE("merge: equal name, attributes and inputs become one step, constants too") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {3}, init::constant(2));
  const Value a = times(affine(w, 2, 1), g.constant(3.f));
  const Value b = times(affine(w, 2, 1), g.constant(3.f));
  const Value sum = plus(a, b);
  CHECK(step_count(*compile(g, {sum, a, b}, CompileOptions::plain())) == 5);
  const auto plan = compile(g, {sum, a, b}, merge_only());
  CHECK(step_count(*plan) == 3);
  CHECK(evaluate(g, {sum, a, b}, merge_only()) ==
        evaluate(g, {sum, a, b}, CompileOptions::plain()));
}

TEST_CASE("merge: other attributes, inputs, operand orders and constants stay apart") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {3}, init::constant(2)),
              v = g.parameter("v", {3}, init::constant(5));
  const auto steps = [&](Value a, Value b) {
    return step_count(*compile(g, {a, b}, merge_only()));
  };
  CHECK(steps(affine(w, 2, 1), affine(w, 2, 1)) == 1);
  CHECK(steps(affine(w, 2, 1), affine(w, 1, 2)) == 2);
  CHECK(steps(affine(w, 2, 1), affine(v, 2, 1)) == 2);
  CHECK(steps(scaled(w, 0.1f), scaled(w, 0.1f)) == 1);
  CHECK(steps(scaled(w, 0.1f), scaled(w, std::nextafter(0.1f, 1.f))) == 2);
  CHECK(steps(less(w, v), less(v, w)) == 2);
  CHECK(steps(times(w, g.constant(0.f)), times(w, g.constant(-0.f))) == 2);
  CHECK(steps(plus(w, g.constant(Tensor::of<float>({1}, {3}))), plus(w, g.constant(3.f))) == 2);
}

TEST_CASE(
    "merge: two tile operations of one name are two, and one of the library's name is its own") {
  const auto times_two = [](void* out, const void* const* in, const float*, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i)
      static_cast<float*>(out)[i] = static_cast<const float*>(in[0])[i] * 2;
  };
  const auto plus_one = [](void* out, const void* const* in, const float*, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i)
      static_cast<float*>(out)[i] = static_cast<const float*>(in[0])[i] + 1;
  };
  // With one function alone, which serves every level.
  static const TileOp mine{.name = "mine", .arity = 1, .functions = {times_two}};
  static const TileOp yours{.name = "mine", .arity = 1, .functions = {plus_one}};
  static const TileOp add{.name = "scaled", .arity = 1, .functions = {plus_one}};
  Variables store;
  Graph g(store);
  const Value x = g.constant(Tensor::of<float>({2}, {1, 5}));
  const auto apply = [&](const TileOp& op) {
    return g.add_one(std::make_shared<ElementwiseOp>(op), {x}, {});
  };
  const Value a = apply(mine), b = apply(yours), c = scaled(x, 3), d = apply(add);
  for (const Level level : available_levels()) {
    CompileOptions options;
    options.level = level;
    const auto result = evaluate(g, {a, b, c, d, apply(mine)}, options);
    CHECK(result[0] == std::vector<float>{2, 10});
    CHECK(result[1] == std::vector<float>{2, 6});
    CHECK(result[2] == std::vector<float>{3, 15});
    CHECK(result[3] == std::vector<float>{2, 6});
    CHECK(result[4] == result[0]);
  }
  CHECK(step_count(*compile(g, {a, apply(mine)}, merge_only())) == 1);
}

TEST_CASE("merge: random steps are not merged") {
  Variables store;
  Graph g(store);
  const Value a = noise(g, {4}), b = noise(g, {4});
  const auto result = evaluate(g, {a, b}, merge_only());
  CHECK(result[0] != result[1]);
  CHECK(step_count(*compile(g, {a, b})) == 2);
}

TEST_CASE("merge: several outputs, and steps that become equal because their inputs did") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {3}, init::constant(2));
  const auto p = two(affine(w, 1, 1)), q = two(affine(w, 1, 1));
  const Value sum = plus(p[1], q[0]);
  CHECK(step_count(*compile(g, {sum}, merge_only())) == 3);
  CHECK(evaluate(g, {sum}, merge_only())[0] == std::vector<float>{10, 10, 10});
}

}  // namespace abax::test
