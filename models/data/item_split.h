// Which items train, validate and test: by fractions, or as one fold of a cross-validation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace abax::data {

/// Positions of items, each in rising order; together they are all of them, each once.
struct ItemSplit {
  std::vector<std::size_t> train, valid, test;
};

/// Items drawn at random by the seed, `valid` and `test` of them as fractions. Throws UsageError on
/// fractions that are negative or leave nothing for training.
ItemSplit split_items(std::size_t count, double valid, double test, std::uint64_t seed);

/// Fold `fold` of `folds`: the items are dealt to the folds at random by the seed, their sizes
/// differ by at most one; this fold is the test, the next one (after the last the first) the
/// validation. Over all values of `fold` each item is tested once. Throws UsageError on fewer than
/// three folds, more than items, or a fold that there is not.
ItemSplit fold_items(std::size_t count, std::int64_t fold, std::int64_t folds, std::uint64_t seed);

}  // namespace abax::data
