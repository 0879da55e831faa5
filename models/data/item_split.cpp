// Splitting items at random.
#include "models/data/item_split.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/shuffle.h"

namespace abax::data {
namespace {

std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random random(stream_key(seed, "data", "split"));
  shuffle<std::size_t>(order, random);
  return order;
}

void sort(ItemSplit& split) {
  for (auto* part : {&split.train, &split.valid, &split.test}) std::ranges::sort(*part);
}

}  // namespace

ItemSplit split_items(std::size_t count, double valid, double test, std::uint64_t seed) {
  if (!(valid >= 0) || !(test >= 0) || !(valid + test < 1))
    throw UsageError(
        str_cat("the fractions for validation and test must be at least 0 and together "
                "less than 1, not ",
                valid, " and ", test));
  const auto part = [&](double fraction) {
    return static_cast<std::size_t>(std::llround(fraction * static_cast<double>(count)));
  };
  const std::size_t tested = part(test);
  const std::size_t checked = std::min(count, tested + part(valid));
  const std::vector<std::size_t> order = shuffled(count, seed);
  ItemSplit result;
  for (std::size_t i = 0; i < count; ++i)
    (i < tested ? result.test : i < checked ? result.valid : result.train).push_back(order[i]);
  sort(result);
  return result;
}

ItemSplit fold_items(std::size_t count, std::int64_t fold, std::int64_t folds, std::uint64_t seed) {
  if (folds < 3 || folds > static_cast<std::int64_t>(count))
    throw UsageError(str_cat("expected 3 folds (test, validation, training) to ", count,
                             " (an item each), not ", folds));
  if (fold < 0 || fold >= folds)
    throw UsageError(str_cat("of ", folds, " folds, expected 0 to ", folds - 1, ", not ", fold));
  ItemSplit result;
  const std::vector<std::size_t> order = shuffled(count, seed);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t dealt = static_cast<std::int64_t>(i) % folds;
    const bool checks = dealt == (fold + 1) % folds;
    (dealt == fold ? result.test : checks ? result.valid : result.train).push_back(order[i]);
  }
  sort(result);
  return result;
}

}  // namespace abax::data
