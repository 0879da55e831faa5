// Fixed partitions of an op's work: decided by shapes alone, so that results never depend on how
// many threads share them out.
#pragma once

#include <algorithm>
#include <cstdint>

namespace abax {

/// Consecutive pieces of `total` items, each of `each` items but the last, which may have fewer.
struct Partition {
  std::int64_t total = 0;
  std::int64_t each = 1;

  std::int64_t count() const { return (total + each - 1) / each; }
  std::int64_t begin(std::int64_t piece) const { return piece * each; }
  std::int64_t end(std::int64_t piece) const { return std::min(total, (piece + 1) * each); }
};

/// Elements that are worth a piece of their own: some ten microseconds of streaming.
inline constexpr std::int64_t piece_size = 32768;

/// Pieces of whole rows of `row_size` elements.
inline Partition partition_rows(std::int64_t rows, std::int64_t row_size) {
  return {rows, std::max<std::int64_t>(1, piece_size / std::max<std::int64_t>(1, row_size))};
}

}  // namespace abax
