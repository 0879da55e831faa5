// Kernel part of gemm.cpp: register tiles of the matrix product, for it and for kernels whose
// products are too small to be planned.
#pragma once

#include <cstdint>

#include "ops/kernels/gemm_pack.h"

namespace abax::ABAX_LEVEL {
/// c [rows, columns] = (or +=) a [rows, k] b [k, columns].
struct GemmTile {
  std::int64_t k;
  const float* a;
  std::int64_t a_stride;  // of rows where a is read by rows, else of steps of k
  const float* b;
  std::int64_t b_stride;  // of steps of k
  float* c;
  std::int64_t c_stride;  // of rows
  bool add;
  const float* next;  // k cache lines that will be needed soon
};
using GemmTileFunction = void (*)(const GemmTile& call);

/// The tiles of one width and form, by their number of rows less one.
struct GemmTiles {
  GemmTileFunction by_rows[tile_rows];
};
/// Element (i, p) of a is a[p * a_stride + i] in column tiles, a[i * a_stride + p] in row tiles.
/// All are panel_columns wide, narrow ones one register.
extern const GemmTiles gemm_column_tiles, gemm_row_tiles;
extern const GemmTiles gemm_narrow_column_tiles, gemm_narrow_row_tiles;

/// A tile at the right edge: computed in full beside c, since only `columns` of it exist.
void gemm_edge_tile(GemmTileFunction tile, std::int64_t rows, std::int64_t columns,
                    const GemmTile& call);

}  // namespace abax::ABAX_LEVEL
