// Length buckets: items of similar length share a batch shape, so that little of a batch is padding
// and a run needs few plans.
//
//     const Buckets buckets = make_buckets(sizes, {.tokens = 4096, .buckets = 8});
//     buckets.shapes[buckets.bucket[5]];      // the shape of the batches that hold item 5
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/model.h"

namespace abax::data {

/// The size of an item in tokens.
struct ItemSize {
  std::int64_t length = 0;         // of its (source) sequence, at least 1
  std::int64_t target_length = 0;  // of a pair's target, at least 1; 0 for all items that have none
};

struct BucketOptions {
  std::int64_t tokens = 0;   // most positions of a batch, padding counted, on the side that has
                             // more; 0: no bound
  std::int64_t rows = 0;     // most items of a batch; 0: no bound
  std::int64_t buckets = 8;  // most shapes
};

struct Buckets {
  std::vector<BatchShape> shapes;  // in rising order of length
  std::vector<int> bucket;         // of each item: an index of shapes
  std::int64_t padded = 0;         // positions that a pass computes, both sides, padding included
  std::int64_t filled = 0;         // ... of which hold tokens
};

/// Chooses the shapes for which one pass over the items computes the fewest positions, padding and
/// padded rows of last batches included, among all ways of cutting the items, ordered by their
/// longer side or by the sum of both, into at most so many runs (dynamic programming: exact for the
/// better of the two orders). A bucket's lengths are the greatest of its items; its rows are as
/// many as the bounds allow, evened out where that saves padded rows. Beyond 1,000 different
/// lengths, neighbours share one. Throws UsageError on no items, bounds below 0 or both 0, fewer
/// than one bucket, an item without tokens, or one that is longer than a batch may be.
Buckets make_buckets(std::span<const ItemSize> sizes, const BucketOptions& options);

}  // namespace abax::data
