// Length buckets: bounds, exactness against all ways of cutting, every item once a pass.
#include "models/data/text/buckets.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <random>

#include "core/base/error.h"
#include "models/data/batch_order.h"
#include "models/data/shuffle.h"

namespace abax::data {
namespace {

using doctest::Contains;

std::vector<ItemSize> random_sizes(std::mt19937& random, int count, int longest, bool pairs) {
  std::vector<ItemSize> sizes;
  for (int i = 0; i < count; ++i) {
    const auto length = [&] {
      return 1 + static_cast<std::int64_t>(random() % static_cast<unsigned>(longest));
    };
    const std::int64_t source = length();
    sizes.push_back({source, pairs ? length() : 0});
  }
  return sizes;
}

/// Positions that the batches of the buckets hold, counted from the result itself.
std::int64_t positions(const Buckets& buckets) {
  std::vector<std::int64_t> items(buckets.shapes.size());
  for (const int bucket : buckets.bucket) ++items[static_cast<std::size_t>(bucket)];
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const BatchShape& shape = buckets.shapes[i];
    const std::int64_t batches = (items[i] + shape.batch - 1) / shape.batch;
    sum += batches * shape.batch * (shape.length + shape.target_length);
  }
  return sum;
}

/// The least positions over all ways to cut sorted lengths into so many runs, by trying them all.
std::int64_t brute_force(const std::vector<std::int64_t>& sorted, std::size_t from,
                         std::int64_t buckets, std::int64_t rows) {
  if (from == sorted.size()) return 0;
  constexpr auto none = std::numeric_limits<std::int64_t>::max();
  if (buckets == 0) return none;
  std::int64_t best = none;
  for (std::size_t end = from + 1; end <= sorted.size(); ++end) {
    if (end < sorted.size() && sorted[end] == sorted[end - 1]) continue;  // one length, one bucket
    const std::int64_t rest = brute_force(sorted, end, buckets - 1, rows);
    if (rest == none) continue;
    const auto count = static_cast<std::int64_t>(end - from);
    const std::int64_t batches = (count + rows - 1) / rows;
    const std::int64_t even = (count + batches - 1) / batches;
    best = std::min(best, rest + batches * even * sorted[end - 1]);
  }
  return best;
}

}  // namespace

TEST_CASE("buckets: a small example by hand") {
  // Three short items and two long ones; two buckets part them without any padding.
  const std::vector<ItemSize> sizes = {{2}, {9}, {2}, {9}, {2}};
  const Buckets two = make_buckets(sizes, {.tokens = 18, .buckets = 2});
  CHECK(two.shapes == std::vector<BatchShape>{{3, 2, 0}, {2, 9, 0}});
  CHECK(two.bucket == std::vector<int>{0, 1, 0, 1, 0});
  CHECK(two.padded == 24);
  CHECK(two.filled == 24);
  // One bucket: batches of two rows of 9, the last of which is half empty.
  const Buckets one = make_buckets(sizes, {.tokens = 18, .buckets = 1});
  CHECK(one.shapes == std::vector<BatchShape>{{2, 9, 0}});
  CHECK(one.padded == 3 * 2 * 9);
  // Of four items three fit into a batch: two batches of two waste nothing.
  CHECK(make_buckets(std::vector<ItemSize>(4, {5}), {.rows = 3}).shapes[0].batch == 2);
  CHECK(make_buckets(std::vector<ItemSize>(4, {5, 7}), {.tokens = 27, .rows = 9}).shapes ==
        std::vector<BatchShape>{{2, 5, 7}});
}

TEST_CASE("buckets: no way of cutting the sorted lengths computes less") {
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    const auto sizes = random_sizes(random, 1 + round % 12, 12, false);
    std::vector<std::int64_t> sorted;
    for (const ItemSize& size : sizes) sorted.push_back(size.length);
    std::ranges::sort(sorted);
    for (const std::int64_t rows : {1, 2, 5})
      for (const std::int64_t buckets : {1, 2, 3}) {
        const Buckets chosen = make_buckets(sizes, {.rows = rows, .buckets = buckets});
        CHECK(chosen.padded == brute_force(sorted, 0, buckets, rows));
        CHECK(positions(chosen) == chosen.padded);
      }
  }
}

TEST_CASE("buckets: pairs in order of the longer side or of the sum, whichever pads less") {
  const auto padded = [](const ItemSize& a, const ItemSize& b) {
    const std::vector<ItemSize> sizes = {a, b, a, b, a, b, a, b};
    return make_buckets(sizes, {.rows = 8, .buckets = 2}).padded;
  };
  CHECK(padded({2, 10}, {10, 10}) == 4 * 12 + 4 * 20);  // equal in the longer side
  CHECK(padded({6, 6}, {11, 1}) == 8 * 12);             // equal in the sum
}

TEST_CASE("buckets: every item fits, within the bounds") {
  std::mt19937 random(2);
  for (const int count : {1, 2, 17, 300, 3000})
    for (const bool pairs : {false, true})
      for (const std::int64_t most : {1, 3, 8}) {
        CAPTURE(count);
        const auto sizes = random_sizes(random, count, count == 3000 ? 2500 : 60, pairs);
        const Buckets buckets = make_buckets(sizes, {.tokens = 4000, .rows = 50, .buckets = most});
        CHECK(std::ssize(buckets.shapes) <= most);
        CHECK(positions(buckets) == buckets.padded);
        CHECK(buckets.filled <= buckets.padded);
        REQUIRE(buckets.bucket.size() == sizes.size());
        for (std::size_t i = 0; i < sizes.size(); ++i) {
          const BatchShape& shape = buckets.shapes.at(static_cast<std::size_t>(buckets.bucket[i]));
          REQUIRE(sizes[i].length <= shape.length);
          REQUIRE(sizes[i].target_length <= shape.target_length);
        }
        for (const BatchShape& shape : buckets.shapes) {
          CHECK(shape.batch >= 1);
          CHECK(shape.batch <= 50);
          CHECK(shape.batch * std::max(shape.length, shape.target_length) <= 4000);
          CHECK((shape.target_length > 0) == pairs);
        }
      }
}

TEST_CASE("buckets: what is refused") {
  const std::vector<ItemSize> sizes = {{3, 2}, {5, 9}};
  CHECK_THROWS_WITH_AS(make_buckets(sizes, {.tokens = 8}),
                       Contains("at most 8 tokens cannot hold a sequence of 9"), UsageError);
  CHECK_THROWS_AS(make_buckets(sizes, {}), UsageError);
  CHECK_THROWS_AS(make_buckets(sizes, {.tokens = -1, .rows = 3}), UsageError);
  CHECK_THROWS_AS(make_buckets(sizes, {.rows = 3, .buckets = 0}), UsageError);
  CHECK_THROWS_AS(make_buckets({}, {.rows = 3}), UsageError);
  CHECK_THROWS_AS(make_buckets(std::vector<ItemSize>{{0, 2}}, {.rows = 3}), UsageError);
  CHECK_THROWS_WITH_AS(make_buckets(std::vector<ItemSize>{{1, 2}, {1, 0}}, {.rows = 3}),
                       Contains("item 1 has no tokens"), UsageError);
}

TEST_CASE("batch order: every item once a pass, a function of seed and position") {
  std::mt19937 random(3);
  const auto sizes = random_sizes(random, 103, 20, true);
  const Buckets buckets = make_buckets(sizes, {.tokens = 100, .buckets = 4});
  std::vector<std::int64_t> all(sizes.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  for (const bool shuffled : {false, true}) {
    const BatchOrder order(buckets, sizes, shuffled, 7);
    std::vector<std::vector<std::int64_t>> passes(3);
    std::vector<std::vector<std::int64_t>> batches;
    for (std::int64_t position = 0; position < 3 * order.batches(); ++position) {
      const BatchOrder::Rows rows = order.at(position);
      CHECK_FALSE(rows.items.empty());
      CHECK(std::ssize(rows.items) <= buckets.shapes[static_cast<std::size_t>(rows.shape)].batch);
      for (const std::int64_t item : rows.items) {
        CHECK(buckets.bucket[static_cast<std::size_t>(item)] == rows.shape);
        passes[static_cast<std::size_t>(position / order.batches())].push_back(item);
      }
      batches.push_back(rows.items);
    }
    CHECK((passes[0] != passes[1]) == shuffled);
    CHECK((passes[1] != passes[2]) == shuffled);
    for (std::vector<std::int64_t>& pass : passes) {
      std::ranges::sort(pass);
      CHECK(pass == all);
    }
    // Any position directly, from another object, in any order.
    const BatchOrder again(buckets, sizes, shuffled, 7);
    for (std::int64_t position = 3 * order.batches(); position-- > 0;)
      CHECK(again.at(position).items == batches[static_cast<std::size_t>(position)]);
    CHECK((BatchOrder(buckets, sizes, shuffled, 8).at(0).items != batches[0]) == shuffled);
    CHECK_THROWS_AS(order.at(-1), UsageError);
  }
}

TEST_CASE("shuffle: each order is equally likely") {
  Random random(stream_key(1, "test", "shuffle"));
  std::map<std::vector<int>, int> counts;
  for (int round = 0; round < 6000; ++round) {
    std::vector<int> items = {1, 2, 3};
    shuffle<int>(items, random);
    ++counts[items];
  }
  CHECK(counts.size() == 6);
  for (const auto& entry : counts) CHECK(std::abs(entry.second - 1000) < 150);  // five deviations
}

TEST_CASE("batch order: without shuffling, in order of length") {
  const std::vector<ItemSize> sizes = {{4, 1}, {1, 2}, {3, 3}, {2, 1}, {1, 2}};
  const BatchOrder order(make_buckets(sizes, {.rows = 2, .buckets = 1}), sizes, false, 1);
  CHECK(order.at(0).items == std::vector<std::int64_t>{1, 3});
  CHECK(order.at(1).items == std::vector<std::int64_t>{4, 2});
  CHECK(order.at(2).items == std::vector<std::int64_t>{0});
  CHECK(order.at(3).items == order.at(0).items);
}

TEST_CASE("batch order: members change batches, and batches their order") {
  const std::vector<ItemSize> sizes(64, {3, 0});
  const BatchOrder order(make_buckets(sizes, {.rows = 8}), sizes, true, 1);
  const auto group = [&](std::int64_t position) {
    auto items = order.at(position).items;
    std::ranges::sort(items);
    return items;
  };
  int equal = 0;
  for (std::int64_t a = 0; a < 8; ++a)
    for (std::int64_t b = 8; b < 16; ++b) equal += group(a) == group(b);
  CHECK(equal == 0);
}

}  // namespace abax::data
