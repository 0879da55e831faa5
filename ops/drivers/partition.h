// Fixed parts of an op's work: decided by shapes alone, so that results never depend on how many
// threads share them out.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "core/base/sizes.h"
#include "core/base/tensor.h"
#include "ops/drivers/scratch_slots.h"

namespace abax {

/// Consecutive parts of `total` items, each of `each` items but the last, which may have fewer.
struct Partition {
  std::int64_t total = 0;
  std::int64_t each = 1;

  std::int64_t count() const { return ceil_div(total, each); }
  std::int64_t begin(std::int64_t part) const { return part * each; }
  std::int64_t end(std::int64_t part) const { return std::min(total, (part + 1) * each); }
};

/// Elements that are worth a part of their own: some ten microseconds of streaming.
inline constexpr std::int64_t part_size = 32768;

/// Parts of whole rows of `row_size` elements.
inline Partition partition_rows(std::int64_t rows, std::int64_t row_size) {
  return {rows, std::max<std::int64_t>(1, part_size / std::max<std::int64_t>(1, row_size))};
}

// What products share, of matrices, patches, heads and recurrent steps.

/// The most parts of a product: enough for many threads, each with scratch of its own.
inline constexpr std::int64_t most_parts = 16;
static_assert(most_parts <= ScratchSlots::most);
/// Multiply-adds worth a part of their own.
inline constexpr double part_work = 2e6;
/// The longest chain of additions; longer sums are cut, for the cache's sake and for accuracy's.
inline constexpr std::int64_t longest_chain = 1024;

/// Parts of that many multiply-adds: a power of two.
inline std::int64_t parts_of(double multiply_adds) {
  return static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(
      std::clamp(multiply_adds / part_work, 1., static_cast<double>(most_parts)))));
}
/// Bytes of so many floats on whole cache lines.
inline std::size_t scratch_of(std::int64_t floats) {
  return aligned(static_cast<std::size_t>(floats) * sizeof(float));
}

}  // namespace abax
