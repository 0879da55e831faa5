// The register-tiled f32 matrix product of one SIMD level, over raw pointers: c = a b with b packed
// in panels.
//
// Callable from other kernels (a recurrent layer runs one small product a time step on prepacked
// weights). For whole products with parts, k blocks, batches and epilogues see
// ops/drivers/gemm_plan.h.
//
// Exactness: an element is a chain of fused multiply-adds along k, from zero and in rising order
// (at SSE2 each is a multiplication, then an addition), whatever the tile, the strides and the
// packing. So its bits depend on its row of a, its column of b and on how the caller cuts k, and on
// nothing else: not on the number of rows, not on transposes or packs, and only between SSE2 and
// the others on the level.
#pragma once

#include <cstdint>

namespace abax {

/// A matrix in memory: element (i, j) is data[i * row_stride + j * column_stride]. One of the
/// strides is 1.
struct MatrixView {
  const float* data = nullptr;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 1;

  MatrixView from(std::int64_t row, std::int64_t column) const {
    return {data + row * row_stride + column * column_stride, row_stride, column_stride};
  }
};

/// One call of the core: c = a b (or c += a b) for row tiles [first_tile, last_tile) and column
/// panels [first_panel, last_panel) of a product a [m, k] b [k, n].
struct GemmBlock {
  std::int64_t m = 0, n = 0, k = 0;

  /// a as a whole, or as pack_a wrote it (then `a.data` is what pack_a filled, its strides mean
  /// nothing).
  MatrixView a;
  bool a_packed = false;

  /// Row p of panel first_panel + q is the panel_columns floats at b + q * panel_stride + p *
  /// b_row_stride. Panels that pack_b wrote have panel_stride = k * panel_columns and b_row_stride
  /// = panel_columns. A row-major b can be read in place with panel_stride = panel_columns and its
  /// own row stride, but for a last panel of fewer than panel_columns columns, which must be
  /// packed.
  const float* b = nullptr;
  std::int64_t panel_stride = 0;
  std::int64_t b_row_stride = 0;

  /// The element of c in the first row of first_tile and the first column of first_panel; c's rows
  /// are c_row_stride floats apart. Only these tiles' rows and these panels' columns below n are
  /// written. c must not overlap a or b.
  float* c = nullptr;
  std::int64_t c_row_stride = 0;
  bool add = false;

  std::int64_t first_tile = 0, last_tile = 0;    // of gemm_tiles(m, tile_rows)
  std::int64_t first_panel = 0, last_panel = 0;  // of gemm_panels(n, panel_columns)
};

struct GemmKernels {
  std::int64_t tile_rows;      // the most rows of a register tile
  std::int64_t panel_columns;  // columns of a panel: 32, 16 or 8

  /// Packs the panels [first, last) of b [k, n], each k rows of panel_columns floats, columns
  /// beyond n being zeros. Panel `first` starts at `packed`.
  void (*pack_b)(const MatrixView& b, std::int64_t k, std::int64_t n, std::int64_t first,
                 std::int64_t last, float* packed);

  /// Copies the row tiles [first, last) of a [m, k] to where `block` expects them in an array of m
  /// * k floats that starts at `packed`.
  void (*pack_a)(const MatrixView& a, std::int64_t m, std::int64_t k, std::int64_t first,
                 std::int64_t last, float* packed);

  void (*block)(const GemmBlock& block);
};

/// Rows are balanced over as few tiles as possible: 20 rows at 14 a tile are 10 + 10.
constexpr std::int64_t gemm_tiles(std::int64_t m, std::int64_t tile_rows) {
  return (m + tile_rows - 1) / tile_rows;
}
/// With at most so many row tiles, `block` goes through the panels outside and the tiles inside, so
/// that each panel is read from memory once, the next one meanwhile; with more, the other way
/// round.
inline constexpr std::int64_t gemm_few_tiles = 4;
/// The first row of a tile.
constexpr std::int64_t gemm_tile_begin(std::int64_t m, std::int64_t tiles, std::int64_t tile) {
  return tile * (m / tiles) + (tile < m % tiles ? tile : m % tiles);
}
constexpr std::int64_t gemm_panels(std::int64_t n, std::int64_t panel_columns) {
  return (n + panel_columns - 1) / panel_columns;
}
/// Floats that all panels of a packed b [k, n] take at any level: a panel is never wider than 32.
constexpr std::int64_t packed_b_floats(std::int64_t k, std::int64_t n) {
  return (n + 31) / 32 * 32 * k;
}

}  // namespace abax
