// Choosing length buckets by dynamic programming.
#include "models/data/text/buckets.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax::data {
namespace {

constexpr std::size_t max_groups = 1000;

/// Items that are not parted: those of one length (or of neighbouring ones).
struct Group {
  std::int64_t items = 0;
  ItemSize size;  // the greatest on each side
};

void add(Group& to, const Group& group) {
  to.items += group.items;
  to.size.length = std::max(to.size.length, group.size.length);
  to.size.target_length = std::max(to.size.target_length, group.size.target_length);
}

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

BatchShape shape_of(const Group& group, const BucketOptions& options) {
  std::int64_t rows = group.items;
  if (options.rows > 0) rows = std::min(rows, options.rows);
  if (options.tokens > 0)
    rows = std::min(rows, options.tokens / std::max(group.size.length, group.size.target_length));
  // As many batches as that needs, of equal size: 100 items in batches of at most 99 are twice 50.
  rows = divide_up(group.items, divide_up(group.items, rows));
  return {rows, group.size.length, group.size.target_length};
}

/// Positions that a pass over the group computes.
std::int64_t cost_of(const Group& group, const BucketOptions& options) {
  const BatchShape shape = shape_of(group, options);
  return divide_up(group.items, shape.batch) * shape.batch * (shape.length + shape.target_length);
}

/// The items in an order, cut into groups.
struct Grouping {
  std::vector<std::size_t> order;  // items
  std::vector<Group> groups;
  std::int64_t cost = 0;
  std::vector<std::size_t> ends;  // of the chosen buckets: one beyond the last group
};

template <class Key>
Grouping group_by(std::span<const ItemSize> sizes, Key key) {
  Grouping result;
  result.order.resize(sizes.size());
  std::iota(result.order.begin(), result.order.end(), std::size_t{0});
  std::ranges::stable_sort(result.order, {}, [&](std::size_t item) { return key(sizes[item]); });
  std::int64_t last = -1;
  for (const std::size_t item : result.order) {
    if (key(sizes[item]) != last) result.groups.emplace_back();
    last = key(sizes[item]);
    add(result.groups.back(), {1, sizes[item]});
  }
  if (result.groups.size() <= max_groups) return result;
  std::vector<Group> fewer(max_groups);
  for (std::size_t i = 0; i < result.groups.size(); ++i)
    add(fewer[i * max_groups / result.groups.size()], result.groups[i]);
  result.groups = std::move(fewer);
  return result;
}

/// Cuts the groups into at most options.buckets runs of least cost; of equal ones the fewest.
void cut(Grouping& grouping, const BucketOptions& options) {
  const std::size_t count = grouping.groups.size();
  const std::size_t most = std::min(static_cast<std::size_t>(options.buckets), count);
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
  // least[b][end]: of the first `end` groups in b buckets; start[b][end]: where the last one
  // begins.
  std::vector<std::vector<std::int64_t>> least(most + 1, std::vector(count + 1, none));
  std::vector<std::vector<std::size_t>> start(most + 1, std::vector<std::size_t>(count + 1));
  least[0][0] = 0;
  for (std::size_t end = 1; end <= count; ++end) {
    Group run;
    for (std::size_t begin = end; begin-- > 0;) {
      add(run, grouping.groups[begin]);
      const std::int64_t cost = cost_of(run, options);
      for (std::size_t b = 1; b <= most; ++b) {
        const std::int64_t before = least[b - 1][begin];
        if (before == none || before + cost >= least[b][end]) continue;
        least[b][end] = before + cost;
        start[b][end] = begin;
      }
    }
  }
  std::size_t best = 1;
  for (std::size_t b = 2; b <= most; ++b)
    if (least[b][count] < least[best][count]) best = b;
  grouping.cost = least[best][count];
  grouping.ends.clear();
  for (std::size_t end = count; best > 0; end = start[best--][end]) grouping.ends.push_back(end);
  std::ranges::reverse(grouping.ends);
}

void check(std::span<const ItemSize> sizes, const BucketOptions& options) {
  if (sizes.empty()) throw UsageError("expected items to make batches of, got none");
  if (options.tokens < 0 || options.rows < 0 || options.tokens + options.rows == 0)
    throw UsageError(str_cat("a batch is bounded by its tokens, its rows or both; got bounds of ",
                             options.tokens, " and ", options.rows));
  if (options.buckets < 1)
    throw UsageError(str_cat("expected at least one bucket, not ", options.buckets));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto [length, target_length] = sizes[i];
    if (length < 1 || target_length < 0 || (target_length == 0) != (sizes[0].target_length == 0))
      throw UsageError(
          str_cat("item ", i, " has no tokens: its lengths are ", length, " and ", target_length));
    const std::int64_t longer = std::max(length, target_length);
    if (options.tokens > 0 && longer > options.tokens)
      throw UsageError(str_cat("a batch of at most ", options.tokens,
                               " tokens cannot hold a sequence of ", longer,
                               "; allow more tokens a batch, or limit the length of sequences"));
  }
}

}  // namespace

Buckets make_buckets(std::span<const ItemSize> sizes, const BucketOptions& options) {
  check(sizes, options);
  Grouping best = group_by(
      sizes, [](const ItemSize& size) { return std::max(size.length, size.target_length); });
  cut(best, options);
  if (sizes[0].target_length > 0) {
    Grouping by_sum =
        group_by(sizes, [](const ItemSize& size) { return size.length + size.target_length; });
    cut(by_sum, options);
    if (by_sum.cost < best.cost) best = std::move(by_sum);
  }
  Buckets result;
  result.bucket.resize(sizes.size());
  std::size_t group = 0, next_item = 0;
  for (const std::size_t end : best.ends) {
    Group run;
    for (; group < end; ++group) add(run, best.groups[group]);
    for (std::int64_t i = 0; i < run.items; ++i)
      result.bucket[best.order[next_item++]] = static_cast<int>(result.shapes.size());
    result.shapes.push_back(shape_of(run, options));
  }
  result.padded = best.cost;
  for (const ItemSize& size : sizes) result.filled += size.length + size.target_length;
  return result;
}

}  // namespace abax::data
