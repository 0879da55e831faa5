// Which items make which batch: a function of (seed, position), so that a run resumes in the middle
// of a pass with the batches that it would have had.
//
//     BatchOrder order(make_buckets(sizes, options), sizes, /*shuffled=*/true, /*seed=*/1);
//     const BatchOrder::Rows rows = order.at(1000);   // of pass 1000 / order.batches()
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "models/data/text/buckets.h"

namespace abax::data {

/// Each pass holds every item exactly once. Shuffled: the members of a bucket are dealt to its
/// batches anew in each pass, and the batches of all buckets are in random order. Otherwise: bucket
/// after bucket, in order of length (the longer side), equals in the order of the items.
class BatchOrder {
 public:
  BatchOrder(Buckets buckets, std::span<const ItemSize> sizes, bool shuffled, std::uint64_t seed);

  const Buckets& buckets() const { return buckets_; }
  /// Batches of one pass.
  std::int64_t batches() const { return static_cast<std::int64_t>(batches_.size()); }

  struct Rows {
    int shape = 0;                    // an index of buckets().shapes
    std::vector<std::int64_t> items;  // at most the shape's batch; the rows beyond them are padding
  };
  /// Throws UsageError on a negative position. May be called by several threads at a time.
  Rows at(std::int64_t position) const;

 private:
  /// The batch `number` of a shape: its items are members[shape][number * rows ...].
  struct Slot {
    int shape = 0;
    std::int64_t number = 0;
  };
  struct Pass {
    std::int64_t number = -1;
    std::vector<std::vector<std::int64_t>> members;  // items by shape
    std::vector<Slot> batches;
  };
  Pass make_pass(std::int64_t number) const;

  Buckets buckets_;
  bool shuffled_;
  std::uint64_t seed_;
  std::vector<std::vector<std::int64_t>> members_;  // in order of length
  std::vector<Slot> batches_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Pass> pass_;  // the last one asked for
};

}  // namespace abax::data
