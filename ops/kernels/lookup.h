// The kernels of ops/lookup.h of one SIMD level.
#pragma once

#include <cstdint>

namespace abax {

/// A piece of a table [rows, width]: rows [first_row, end_row), columns [first_column, end_column).
struct TablePiece {
  std::int64_t first_row, end_row, first_column, end_column;
};

struct LookupKernels {
  /// Adds updates[i], [count, width], to row index[i] of `table` for i = 0, 1, ..., as far as that
  /// lies in the piece.
  void (*scatter_add)(const float* updates, const std::int32_t* index, std::int64_t count,
                      float* table, std::int64_t width, TablePiece piece);
};

}  // namespace abax
