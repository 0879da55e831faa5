// add_n, sum_to, broadcast_to and elementwise ops: values against plain loops in double, the same
// bits with any number of threads, gradients, errors.
#include "core/graph/sum.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/graph/elementwise_op.h"
#include "core/graph/gradients.h"
#include "core/graph/sum_axes.h"
#include "tests/graph/evaluate.h"

namespace abax {
namespace {

Tensor random_tensor(Shape shape, std::uint64_t key = 1) {
  Tensor tensor(shape);
  Random random(key);
  for (float& x : tensor.as<float>()) x = static_cast<float>(random.uniform() + 0.1);
  return tensor;
}

// Index in `small` of element i of `large`, to which it broadcasts.
std::size_t broadcast_index(const Shape& large, const Shape& small, std::int64_t i) {
  std::int64_t result = 0, stride = 1;
  for (int back = 1; back <= large.rank(); ++back) {
    const std::int64_t at = i % large[large.rank() - back];
    i /= large[large.rank() - back];
    if (back > small.rank()) continue;
    if (small[small.rank() - back] != 1) result += at * stride;
    stride *= small[small.rank() - back];
  }
  return static_cast<std::size_t>(result);
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

bool all_are(float value, const Tensor& tensor) {
  return std::ranges::all_of(tensor.as<float>(), [=](float x) { return x == value; });
}

struct SumCase {
  Shape from, to;
};

const SumCase sum_cases[] = {
    {{7}, {}},
    {{1}, {}},
    {{0}, {}},
    {{0, 3}, {3}},
    {{3, 0}, {3, 1}},
    {{5, 7}, {7}},
    {{5, 7}, {5, 1}},
    {{5, 7}, {1, 1}},
    {{16, 64}, {64}},
    {{700, 33}, {33}},
    {{33, 700}, {33, 1}},
    {{3, 4, 5}, {4, 1}},
    {{3, 4, 5}, {3, 1, 5}},
    {{2, 3, 4, 5}, {3, 1, 5}},
    {{2, 3, 4, 5}, {2, 1, 4, 1}},
    {{2, 3, 4, 5, 2}, {1, 3, 1, 5, 1}},
    {{100003}, {}},  // several partitions, not a multiple of anything
    {{20011, 9}, {9}},
    {{9, 20011}, {9, 1}},
    {{301, 3, 101}, {3, 1}},  // cut across the outer summed axis
    {{50, 2, 500, 3}, {2, 1, 3}},
    {{3, 1000}, {1000}},
};

}  // namespace

TEST_CASE("sum_to: against double, and the same bits with 1, 2, 4 and 8 threads, at each level") {
  Workers one(1), two(2), four(4), eight(8);
  for (const SumCase& c : sum_cases) {
    INFO(c.from, " to ", c.to);
    Variables store;
    Graph g(store);
    const Tensor x = random_tensor(c.from);
    const Value sum = sum_to(g.input("x", c.from), c.to);
    REQUIRE(sum.shape() == c.to);
    std::vector<double> expected(static_cast<std::size_t>(c.to.size()));
    for (std::int64_t i = 0; i < x.size(); ++i)
      expected[broadcast_index(c.from, c.to, i)] +=
          static_cast<double>(x.as<float>()[static_cast<std::size_t>(i)]);
    for (const Level level : available_levels()) {
      const Tensor y = test::evaluate(sum, {{"x", &x}}, level, one);
      for (std::size_t i = 0; i < expected.size(); ++i)
        REQUIRE(std::abs(y.as<float>()[i] - expected[i]) <= 1e-6 * expected[i]);
      for (Workers* workers : {&two, &four, &eight})
        CHECK(same_bits(y, test::evaluate(sum, {{"x", &x}}, level, *workers)));
    }
  }
}

TEST_CASE("sum_to: the error does not grow with the number of terms") {
  Variables store;
  Graph g(store);
  Tensor x({1 << 20, 2});
  for (float& element : x.as<float>()) element = 0.1f;
  Workers workers(2);
  const Value input = g.input("x0", x.shape());
  for (const Shape& to : {Shape{}, Shape{2}}) {
    const Value sum = sum_to(input, to);
    for (const Level level : available_levels()) {
      const Tensor y = test::evaluate(sum, {{"x0", &x}}, level, workers);
      const double expected = static_cast<double>(0.1f) * static_cast<double>(x.size() / to.size());
      CHECK(std::abs(y.as<float>()[0] - expected) < 5e-6 * expected);
    }
  }
}

TEST_CASE("broadcast_to: every element is the one it stretches from") {
  Workers workers(2);
  for (const SumCase& c : sum_cases) {
    INFO(c.to, " to ", c.from);
    Variables store;
    Graph g(store);
    const Tensor x = random_tensor(c.to);
    const Value y = broadcast_to(g.input("x", c.to), c.from);
    for (const Level level : available_levels()) {
      const Tensor result = test::evaluate(y, {{"x", &x}}, level, workers);
      REQUIRE(result.shape() == c.from);
      bool equal = true;
      for (std::int64_t i = 0; i < result.size(); ++i)
        equal = equal && result.as<float>()[static_cast<std::size_t>(i)] ==
                             x.as<float>()[broadcast_index(c.from, c.to, i)];
      CHECK(equal);
    }
  }
}

TEST_CASE("add_n: from the left, bit for bit") {
  Variables store;
  Graph g(store);
  const Shape shape{3, 401};
  std::vector<Value> values;
  std::vector<Tensor> tensors;
  std::map<std::string, const Tensor*> inputs;
  for (std::uint64_t i = 0; i < 5; ++i) tensors.push_back(random_tensor(shape, i));
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    inputs[name] = &tensors[values.size()];
    values.push_back(g.input(name, shape));
  }
  Workers workers(2);
  for (const Level level : available_levels()) {
    const Tensor y = test::evaluate(add_n(values), inputs, level, workers);
    bool equal = true;
    for (std::size_t i = 0; i < y.as<float>().size(); ++i) {
      float sum = tensors[0].as<float>()[i];
      for (std::size_t t = 1; t < 5; ++t) sum += tensors[t].as<float>()[i];
      equal = equal && sum == y.as<float>()[i];
    }
    CHECK(equal);
  }
  CHECK(add_n(std::span(values).first(1)) == values[0]);
  CHECK_THROWS_AS(add_n({}), UsageError);
  const std::vector<Value> differing{values[0], g.input("f", {401})};
  CHECK_THROWS_WITH_AS(add_n(differing), doctest::Contains("f32[401]"), ShapeError);
}

TEST_CASE("sums: gradients are the transposed sums") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {4, 3}), b = g.input("b", {3});
  const auto add = g.add_one(add_op(), {x, b}, SourceLocation::current());
  const Value loss = sum_to(add, {});
  Workers workers(1);
  const Tensor xs = random_tensor({4, 3}), bs = random_tensor({3});
  const std::map<std::string, const Tensor*> inputs{{"x", &xs}, {"b", &bs}};
  const auto of = gradients(loss, {x, b});
  CHECK(of[0].shape() == Shape{4, 3});
  CHECK(of[1].shape() == Shape{3});
  CHECK(all_are(1, test::evaluate(of[0], inputs, Level::sse2, workers)));
  CHECK(all_are(4, test::evaluate(of[1], inputs, Level::sse2, workers)));
  // Through broadcast_to: each element of b counts as often as it was stretched.
  const auto stretched = gradients(sum_to(broadcast_to(b, {2, 5, 3}), {}), {b});
  CHECK(all_are(10, test::evaluate(stretched[0], inputs, Level::sse2, workers)));
}

TEST_CASE("sums and elementwise ops: wrong shapes and types are refused with both shapes") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {4, 3}), i = g.input("i", {4, 3}, i32);
  CHECK_THROWS_WITH_AS(sum_to(x, {4}), doctest::Contains("[4, 3]"), ShapeError);
  CHECK_THROWS_WITH_AS(sum_to(x, {2, 4, 3}), doctest::Contains("[2, 4, 3]"), ShapeError);
  CHECK_THROWS_AS(sum_to(i, {3}), ShapeError);
  CHECK_THROWS_WITH_AS(broadcast_to(x, {4, 5}), doctest::Contains("[4, 5]"), ShapeError);
  const auto add = [&](Value a, Value b) {
    return g.add_one(add_op(), {a, b}, SourceLocation::current());
  };
  CHECK_THROWS_WITH_AS(add(x, g.input("y", {4})), doctest::Contains("[4, 3] and [4]"), ShapeError);
  CHECK_THROWS_WITH_AS(add(x, i), doctest::Contains("operand 1 is to be f32, not i32"), ShapeError);
  CHECK(add(x, g.input("z", {5, 1, 3})).shape() == Shape{5, 4, 3});
}

}  // namespace abax
