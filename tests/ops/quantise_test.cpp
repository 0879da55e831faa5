// Quantisation beyond the case table: distances checked with their gaps, the gradient that passes
// straight through, the rows that are drawn.
#include "ops/quantise.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>

#include "core/base/random.h"
#include "core/graph/gradients.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/reduce.h"
#include "tests/ops/evaluate.h"

namespace abax {
namespace {

Tensor normals(Shape shape, std::uint64_t key) {
  Tensor result(shape);
  Random random(key);
  for (float& x : result.as<float>()) x = static_cast<float>(random.normal());
  return result;
}

}  // namespace

TEST_CASE("quantise: the code is the nearest wherever the gap is more than rounding") {
  constexpr std::int64_t n = 1500, width = 64;
  const Tensor z = normals({n, width}, 1), book = normals({777, width}, 2);
  for (const Level level : available_levels()) {
    Variables store;
    Graph g(store);
    const Value codes = nearest(g.input("z", z.shape()), g.input("book", book.shape()));
    CompileOptions options;
    options.level = level;
    const Tensor result = evaluate(codes, {{"z", &z}, {"book", &book}}, options);
    int close = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const auto distance = [&](std::int64_t code) {
        double sum = 0;
        for (std::int64_t k = 0; k < width; ++k) {
          const double d = double{z.as<float>()[static_cast<std::size_t>(i * width + k)]} -
                           book.as<float>()[static_cast<std::size_t>(code * width + k)];
          sum += d * d;
        }
        return sum;
      };
      double least = std::numeric_limits<double>::infinity(), second = least;
      std::int64_t best = 0;
      for (std::int64_t code = 0; code < 777; ++code) {
        const double d = distance(code);
        second = std::min(second, std::max(d, least));
        if (d < least) least = d, best = code;
      }
      const std::int64_t got = result.as<std::int32_t>()[static_cast<std::size_t>(i)];
      // 2 (|z| |b| 64 + |b|^2) roundings of 2^-24 at the very most: here 1e-3.
      if (second - least > 1e-3) {
        CHECK(got == best);
      } else {
        ++close;
        CHECK(distance(got) - least <= 1e-3);
      }
    }
    CHECK(close < n / 100);
  }
}

TEST_CASE("quantise: straight through, the gradient is the decoder's, and none is the book's") {
  Variables store;
  Graph g(store);
  const Value z = g.input("z", {3, 2}), book = g.input("book", {2, 2});
  const Value quantised = embedding(nearest(z, book), book);
  const Value y = straight_through(z, quantised);
  const Value loss = sum(square(y));
  const auto both = gradients(loss, {z, book});
  // 0.1 + (0.3 - 0.1) is not 0.3 in f32: the value must be the code's own.
  const Tensor z_value = Tensor::of<float>({3, 2}, {0.1f, 0.2f, 0.9f, 0.7f, 0.2f, 0.1f});
  const Tensor codes = Tensor::of<float>({2, 2}, {0.3f, -0.4f, 1.1f, 0.6f});
  const float chosen[] = {0.3f, -0.4f, 1.1f, 0.6f, 0.3f, -0.4f};
  for (const CompileOptions& options : {CompileOptions{}, CompileOptions::plain()}) {
    Workers workers(2);
    Execution execution(compile(g, {y, both[0], both[1]}, options), store, workers);
    execution.set("z", z_value);
    execution.set("book", codes);
    execution.run();
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(execution.get(y).as<float>()[i] == chosen[i]);
      CHECK(execution.get(both[0]).as<float>()[i] == 2 * chosen[i]);
    }
    for (const float x : execution.get(both[1]).as<float>()) CHECK(x == 0);
  }
}

TEST_CASE("quantise: the zero vector has no direction and gets no gradient") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {2, 2});
  const Value dx = gradients(sum(unit_vectors(x)), {x})[0];
  const Tensor values = Tensor::of<float>({2, 2}, {0, 0, 0, 2});
  const Tensor gradient = evaluate(dx, {{"x", &values}});
  const float expected[] = {0, 0, 0.5f, 0};
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(gradient.as<float>()[i] == doctest::Approx(expected[i]));
}

TEST_CASE("quantise: rows drawn have weight, do not repeat before all were drawn, and vary") {
  Variables store(3);
  Graph g(store);
  const Value rows = random_rows(g.input("weights", {8}), 10);
  const Tensor weights = Tensor::of<float>({8}, {1, 0, 1, 1, 0, 1, 0, 1});  // five of them
  Workers workers(2);
  Execution execution(compile(g, {rows}), store, workers);
  execution.set("weights", weights);
  std::set<std::vector<std::int32_t>> orders;
  std::vector<int> firsts(8);
  for (int run = 0; run < 500; ++run) {
    execution.run();
    const auto drawn = execution.get(rows).as<std::int32_t>();
    for (const std::size_t start : {0, 5})
      CHECK(std::set<std::int32_t>(drawn.begin() + static_cast<std::ptrdiff_t>(start),
                                   drawn.begin() + static_cast<std::ptrdiff_t>(start) + 5) ==
            std::set<std::int32_t>{0, 2, 3, 5, 7});
    orders.emplace(drawn.begin(), drawn.end());
    ++firsts[static_cast<std::size_t>(drawn[0])];
  }
  CHECK(orders.size() > 450);
  for (const std::size_t row : {0, 2, 3, 5, 7}) CHECK(std::abs(firsts[row] - 100) < 40);

  const Tensor none = Tensor::of<float>({8}, {0, 0, 0, 0, 0, 0, 0, 0});
  execution.set("weights", none);
  execution.run();
  for (const std::int32_t row : execution.get(rows).as<std::int32_t>()) CHECK(row == 0);
}

}  // namespace abax
