// What the case table cannot say of attention: its composed form as oracle, limits out of range,
// gradients that are not wanted, keys that are not read.
#include "ops/attention.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/graph/gradients.h"
#include "core/plan/execution.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/normalise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

Tensor random_tensor(Shape shape, std::uint64_t key) {
  Tensor result(shape);
  Random random(key);
  for (float& v : result.as<float>()) v = static_cast<float>(4 * random.uniform() - 2);
  return result;
}

/// The same from other ops: heads become rows of a batch, scores [batch * heads, queries, keys] are
/// masked by adding `mask` [queries, keys].
Value composed_attention(Value q, Value k, Value v, Value mask, std::int64_t heads) {
  const std::int64_t batch = q.shape()[1], width = q.shape()[2], size = width / heads;
  const auto by_heads = [&](Value x) {  // [time, batch, width] -> [batch * heads, time, size]
    return transpose(reshape(x, {x.shape()[0], batch * heads, size}), {1, 0, 2});
  };
  const Value scores = matmul(by_heads(q), by_heads(k), {.transpose_b = true});
  const Value weights = softmax(scores / std::sqrt(static_cast<float>(size)) + mask);
  return reshape(transpose(matmul(weights, by_heads(v)), {1, 0, 2}), q.shape());
}

struct Sizes {
  std::int64_t queries, keys, batch, width, heads;
};

/// The outputs and the gradients of q, k and v of sum(y^2), fused or composed.
std::vector<Tensor> run(const Sizes& s, bool fused, std::vector<int> wanted = {0, 1, 2}) {
  Variables store;
  Graph g(store);
  const Tensor data[] = {random_tensor({s.queries, s.batch, s.width}, 1),
                         random_tensor({s.keys, s.batch, s.width}, 2),
                         random_tensor({s.keys, s.batch, s.width}, 3)};
  const std::vector<Value> x = {g.input("q", data[0].shape()), g.input("k", data[1].shape()),
                                g.input("v", data[2].shape())};
  Tensor mask({s.queries, s.keys});
  for (std::int64_t i = 0; i < s.queries; ++i)
    for (std::int64_t j = i + s.keys - s.queries + 1; j < s.keys; ++j)
      mask.as<float>()[static_cast<std::size_t>(i * s.keys + j)] =
          -std::numeric_limits<float>::infinity();
  const Value y = fused ? attention(x[0], x[1], x[2], {.heads = s.heads, .causal = true})
                        : composed_attention(x[0], x[1], x[2], g.constant(mask.clone()), s.heads);
  std::vector<Value> wrt, outputs = {y};
  for (const int i : wanted) wrt.push_back(x[static_cast<std::size_t>(i)]);
  for (const Value& gradient : gradients(sum(square(y)), wrt)) outputs.push_back(gradient);
  Workers workers(2);
  Execution execution(compile(g, outputs), store, workers);
  execution.set("q", data[0]);
  execution.set("k", data[1]);
  execution.set("v", data[2]);
  execution.run();
  std::vector<Tensor> results;
  for (const Value& output : outputs)
    results.push_back(Tensor::of<float>(output.shape(), execution.get(output).as<float>()));
  return results;
}

}  // namespace

TEST_CASE("attention: agrees with its composed form") {
  for (const Sizes& s : {Sizes{64, 64, 3, 48, 3}, Sizes{37, 37, 2, 20, 1}, Sizes{29, 90, 2, 66, 2},
                         Sizes{50, 500, 1, 32, 2}}) {
    const auto fused = run(s, true), composed = run(s, false);
    for (std::size_t i = 0; i < fused.size(); ++i) {
      double greatest = 0;
      for (std::size_t j = 0; j < fused[i].as<float>().size(); ++j)
        greatest = std::max(greatest, std::abs(double{fused[i].as<float>()[j]} -
                                               double{composed[i].as<float>()[j]}));
      CHECK_MESSAGE(greatest < 2e-5, "result ", i, " of ", s.queries, " queries");
    }
  }
}

TEST_CASE("attention: gradients are the same beside others and alone") {
  const Sizes s{40, 45, 2, 24, 2};
  const auto all = run(s, true);
  for (const std::vector<int>& wanted : {std::vector{0}, {1}, {2}, {0, 2}, {1, 2}}) {
    const auto some = run(s, true, wanted);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const Tensor& expected = all[1 + static_cast<std::size_t>(wanted[i])];
      CHECK(std::memcmp(some[1 + i].data(), expected.data(), expected.bytes()) == 0);
    }
  }
}

TEST_CASE("attention: a limit outside of the keys is an error of the data and says which") {
  Variables store;
  Graph g(store);
  const Value q = g.input("q", {2, 3, 4}), k = g.input("k", {5, 3, 4});
  const Value y = attention(q, k, k, {}, g.input("first", {3}, i32), g.input("last", {3}, i32));
  const std::vector<Value> wanted = gradients(sum(y), {q});
  Workers workers(1);
  Execution execution(compile(g, {y, wanted[0]}), store, workers);
  const Tensor queries({2, 3, 4}), keys({5, 3, 4});
  execution.set("q", queries);
  execution.set("k", keys);
  const Tensor good = Tensor::of<std::int32_t>({3}, {0, 5, 2});
  const Tensor high = Tensor::of<std::int32_t>({3}, {0, 5, 6});
  const Tensor low = Tensor::of<std::int32_t>({3}, {0, -1, 0});
  execution.set("first", good);
  execution.set("last", high);
  CHECK_THROWS_WITH_AS(execution.run(), doctest::Contains("'last' 6 of batch item 2"), DataError);
  execution.set("first", low);
  CHECK_THROWS_WITH_AS(execution.run(), doctest::Contains("'first' -1 of batch item 1"), DataError);
  execution.set("first", good);
  execution.set("last", good);
  execution.run();
}

TEST_CASE("attention: keys outside the limits are not read") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::int64_t queries : {1, 4, 40}) {
    Variables store;
    Graph g(store);
    const Value q = g.input("q", {queries, 1, 8}), k = g.input("k", {60, 1, 8});
    const Value y = attention(q, k, k, {.heads = 2}, g.constant(Tensor::of<std::int32_t>({1}, {7})),
                              g.constant(Tensor::of<std::int32_t>({1}, {41})));
    const std::vector<Value> found = gradients(sum(y), {q, k});
    Workers workers(1);
    Execution execution(compile(g, {y, found[0], found[1]}), store, workers);
    const Tensor some = random_tensor({queries, 1, 8}, 4);
    Tensor keys = random_tensor({60, 1, 8}, 5);
    for (std::size_t j = 0; j < 60; ++j)
      if (j < 7 || j >= 41) std::fill_n(keys.as<float>().begin() + static_cast<int>(j) * 8, 8, nan);
    execution.set("q", some);
    execution.set("k", keys);
    execution.run();
    for (const Value& value : {y, found[0], found[1]})
      for (const float v : execution.get(value).as<float>()) CHECK(std::isfinite(v));
    CHECK(execution.get(found[1]).as<float>()[6 * 8] == 0);
    CHECK(execution.get(found[1]).as<float>()[7 * 8] != 0);
    CHECK(execution.get(found[1]).as<float>()[41 * 8] == 0);
  }
}

}  // namespace abax
