// The order of batches and of their rows.
#include "models/data/batch_order.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/shuffle.h"

namespace abax::data {

BatchOrder::BatchOrder(Buckets buckets, std::span<const ItemSize> sizes, bool shuffled,
                       std::uint64_t seed)
    : buckets_(std::move(buckets)), shuffled_(shuffled), seed_(seed) {
  if (sizes.size() != buckets_.bucket.size())
    throw UsageError(str_cat("buckets of ", buckets_.bucket.size(),
                             " items do not fit the sizes of ", sizes.size()));
  members_.resize(buckets_.shapes.size());
  for (std::size_t item = 0; item < sizes.size(); ++item)
    members_[static_cast<std::size_t>(buckets_.bucket[item])].push_back(
        static_cast<std::int64_t>(item));
  for (std::size_t shape = 0; shape < members_.size(); ++shape) {
    std::ranges::stable_sort(members_[shape], {}, [&](std::int64_t item) {
      const ItemSize& size = sizes[static_cast<std::size_t>(item)];
      return std::max(size.length, size.target_length);
    });
    const std::int64_t rows = buckets_.shapes[shape].batch;
    for (std::int64_t first = 0; first < std::ssize(members_[shape]); first += rows)
      batches_.push_back({static_cast<int>(shape), first / rows});
  }
}

BatchOrder::Pass BatchOrder::make_pass(std::int64_t number) const {
  Pass pass{number, members_, batches_};
  if (!shuffled_) return pass;
  for (std::size_t shape = 0; shape < pass.members.size(); ++shape) {
    Random random(stream_key(seed_, "data", str_cat("bucket ", shape)),
                  static_cast<std::uint64_t>(number));
    shuffle<std::int64_t>(pass.members[shape], random);
  }
  Random random(stream_key(seed_, "data", "batches"), static_cast<std::uint64_t>(number));
  shuffle<Slot>(pass.batches, random);
  return pass;
}

BatchOrder::Rows BatchOrder::at(std::int64_t position) const {
  if (position < 0) throw UsageError(str_cat("a position is at least 0, not ", position));
  std::shared_ptr<const Pass> pass;
  {
    const std::lock_guard lock(mutex_);
    if (!pass_ || pass_->number != position / batches())
      pass_ = std::make_shared<const Pass>(make_pass(position / batches()));
    pass = pass_;
  }
  const Slot slot = pass->batches[static_cast<std::size_t>(position % batches())];
  const auto& members = pass->members[static_cast<std::size_t>(slot.shape)];
  const std::int64_t rows = buckets_.shapes[static_cast<std::size_t>(slot.shape)].batch;
  const std::int64_t first = slot.number * rows;
  return {slot.shape,
          {members.begin() + first, members.begin() + std::min(first + rows, std::ssize(members))}};
}

}  // namespace abax::data
