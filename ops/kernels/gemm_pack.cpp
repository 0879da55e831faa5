// Kernel source: packs the operands of the matrix product for gemm.cpp.
#include "ops/kernels/gemm_pack.h"

namespace abax::ABAX_LEVEL {
namespace {

/// A panel whose rows of `columns` floats lie in b's rows, one every `stride` floats.
void pack_rows(const float* b, std::int64_t stride, std::int64_t k, std::int64_t columns,
               float* packed) {
  if (columns == panel_columns) {
    for (std::int64_t p = 0; p < k; ++p) {
      const F left = load(b + p * stride);
      const F right = load(b + p * stride + width);
      store(packed + p * panel_columns, left);
      store(packed + p * panel_columns + width, right);
    }
    return;
  }
  for (std::int64_t p = 0; p < k; ++p) {
    float* to = packed + p * panel_columns;
    for (std::int64_t j = 0; j < panel_columns; ++j) to[j] = j < columns ? b[p * stride + j] : 0.f;
  }
}

/// A panel whose columns lie in memory one after the other, one every `stride` floats.
void pack_columns(const float* b, std::int64_t stride, std::int64_t k, std::int64_t columns,
                  float* packed) {
  for (std::int64_t half = 0; half < panel_columns; half += width) {
    const float* from = b + half * stride;
    float* to = packed + half;
    std::int64_t p = 0;
    if (half + width <= columns) {
      for (; p + 4 <= k; p += 4) {
        F rows[4];
        load_transposed(from + p, stride, rows);
        unrolled<4>([&](auto i) { store(to + (p + i) * panel_columns, rows[i]); });
      }
    }
    for (; p < k; ++p)
      for (std::int64_t j = 0; j < width; ++j)
        to[p * panel_columns + j] = half + j < columns ? from[j * stride + p] : 0.f;
  }
}

}  // namespace

void pack_b(const MatrixView& b, std::int64_t k, std::int64_t n, std::int64_t first,
            std::int64_t last, float* packed) {
  if (k == 0) return;  // nor has b any memory then
  for (std::int64_t q = first; q < last; ++q, packed += k * panel_columns) {
    const std::int64_t begin = q * panel_columns;
    const std::int64_t columns = n - begin < panel_columns ? n - begin : panel_columns;
    if (b.column_stride == 1)
      pack_rows(b.data + begin, b.row_stride, k, columns, packed);
    else
      pack_columns(b.data + begin * b.column_stride, b.column_stride, k, columns, packed);
  }
}

void pack_a(const MatrixView& a, std::int64_t m, std::int64_t k, std::int64_t first,
            std::int64_t last, float* packed) {
  // A transposed a is read some steps of k at a time, by all tiles that a cache line belongs to;
  // the rows of any other are read to their ends, which the hardware fetches ahead.
  const std::int64_t steps = a.row_stride == 1 ? 32 : k;
  const std::int64_t tiles = gemm_tiles(m, tile_rows);
  for (std::int64_t p0 = 0; p0 < k; p0 += steps) {
    const std::int64_t count = p0 + steps < k ? steps : k - p0;
    for (std::int64_t t = first; t < last; ++t) {
      const std::int64_t begin = gemm_tile_begin(m, tiles, t);
      const std::int64_t rows = gemm_tile_begin(m, tiles, t + 1) - begin;
      // Whole registers are copied where neither the reads nor the writes leave the tile's memory:
      // what they write too much, the next step overwrites.
      const bool readable = rows <= width && begin + width <= m;
      const std::int64_t writable = k - (width + rows - 1) / rows - p0;
      const std::int64_t fast = !readable || writable < 0 ? 0 : writable < count ? writable : count;
      const float* from = a.data + begin * a.row_stride + p0 * a.column_stride;
      float* to = packed + begin * k + p0 * rows;
      std::int64_t p = 0;
      if (a.row_stride == 1) {
        for (; p < fast; ++p) store(to + p * rows, load(from + p * a.column_stride));
      } else {
        for (; p + 4 <= fast; p += 4) {
          F columns[4];
          load_transposed(from + p, a.row_stride, columns);
          unrolled<4>([&](auto i) { store(to + (p + i) * rows, columns[i]); });
        }
      }
      for (; p < count; ++p)
        for (std::int64_t i = 0; i < rows; ++i)
          to[p * rows + i] = from[i * a.row_stride + p * a.column_stride];
    }
  }
}

}  // namespace abax::ABAX_LEVEL
