// Kernel part of attention.cpp and attention_gradient.cpp: products of heads out of register
// tiles, copies and transposes of its rows.
//
// Queries lie along the lanes of registers: a panel is `lanes` of them, and scores of a panel are
// [keys, lanes]. So a maximum or a sum over keys goes down the registers, and scores are at once
// the right operand of the next product.
#pragma once

#include "core/base/simd.h"
#include "core/base/sizes.h"
#include "ops/kernels/attention.h"
#include "ops/kernels/gemm_tile.h"

namespace abax::ABAX_LEVEL {
namespace {

constexpr std::int64_t lanes = panel_columns;
constexpr std::int64_t key_block = 256;  // keys whose scores are held at a time

inline std::int64_t greatest_of(std::int64_t a, std::int64_t b) { return a > b ? a : b; }

/// Floats between the rows of copies: whole steps of a transpose, never a multiple of 2 KiB, where
/// rows would share sets of the first-level cache.
inline std::int64_t row_floats(std::int64_t size) {
  return round_up(size, 4) + (size % 512 == 0 ? 16 : 0);
}

/// Hands out pieces of scratch, each on cache lines of its own; without memory it only counts.
class Pieces {
 public:
  explicit Pieces(float* scratch) : scratch_(scratch) {}
  float* take(std::int64_t floats) {
    float* const piece = scratch_ ? scratch_ + taken_ : nullptr;
    taken_ += round_up(floats, 16);
    return piece;
  }
  std::int64_t taken() const { return taken_; }

 private:
  float* scratch_;
  std::int64_t taken_ = 0;
};

/// Registers that so many queries of a panel need.
inline std::int64_t vectors_for(std::int64_t queries) { return queries <= width ? 1 : 2; }

/// The panels' right operand and result: `vectors` registers wide.
inline const GemmTiles& row_tiles(std::int64_t vectors) {
  return vectors == 1 ? gemm_narrow_row_tiles : gemm_row_tiles;
}
inline const GemmTiles& column_tiles(std::int64_t vectors) {
  return vectors == 1 ? gemm_narrow_column_tiles : gemm_column_tiles;
}

/// Calls body(first row, rows) for the tiles of m rows.
template <class Body>
inline void for_each_tile(std::int64_t m, Body body) {
  const auto count = static_cast<std::uint32_t>((m + tile_rows - 1) / tile_rows);
  if (count == 0) return;
  const std::uint32_t rows = static_cast<std::uint32_t>(m) / count;
  const std::uint32_t longer = static_cast<std::uint32_t>(m) % count;
  std::int64_t begin = 0;
  for (std::uint32_t t = 0; t < count; ++t) {
    const std::int64_t these = rows + (t < longer ? 1 : 0);
    body(begin, these);
    begin += these;
  }
}

/// c [m, registers of the tiles] (+)= a b; a's rows are `a_row` floats apart. `call` is the tile at
/// the top.
inline void multiply(const GemmTiles& tiles, GemmTile call, std::int64_t m, std::int64_t a_row) {
  const float* const a = call.a;
  float* const c = call.c;
  for_each_tile(m, [&](std::int64_t begin, std::int64_t rows) {
    call.a = a + begin * a_row;
    call.c = c + begin * call.c_stride;
    tiles.by_rows[rows - 1](call);
  });
}

/// c [m, n] (+)= a b for any n, a read by rows; b's rows reach to a multiple of `lanes`.
inline void multiply_wide(GemmTile call, std::int64_t m, std::int64_t n) {
  const float *const a = call.a, *const b = call.b;
  float* const c = call.c;
  for_each_tile(m, [&](std::int64_t begin, std::int64_t rows) {
    call.a = a + begin * call.a_stride;
    for (std::int64_t column = 0; column < n; column += lanes) {
      call.b = call.next = b + column;
      call.c = c + begin * call.c_stride + column;
      if (n - column >= lanes)
        gemm_row_tiles.by_rows[rows - 1](call);
      else
        gemm_edge_tile(row_tiles(vectors_for(n - column)).by_rows[rows - 1], rows, n - column,
                       call);
    }
  });
}

constexpr std::int64_t rows_ahead = 8;

/// Asks for a row that will be needed soon: rows lie too far apart for the hardware to guess.
inline void prefetch_row(const float* row, std::int64_t size) {
  for (std::int64_t j = 0; j < size; j += 16) prefetch(row + j);
}

/// Copies `rows` rows of some heads times `scale`, each head to an array of its own with rows of
/// `to_row` floats.
inline void copy_rows(const AttentionHeads& heads, const float* from, std::int64_t rows,
                      float scale, float* to, std::int64_t to_row, std::int64_t to_head) {
  const F factor(scale);
  for (std::int64_t i = 0; i < rows; ++i, from += heads.stride, to += to_row) {
    if (i + rows_ahead < rows)
      prefetch_row(from + rows_ahead * heads.stride, heads.heads * heads.size);
    for (std::int64_t h = 0; h < heads.heads; ++h)
      for_each_vector(heads.size, [&](std::int64_t j, auto some) {
        store(to + h * to_head + j, load(from + h * heads.size + j, some) * factor, some);
      });
  }
}

inline void clear_rows(float* to, std::int64_t stride, std::int64_t rows, std::int64_t size) {
  for (std::int64_t i = 0; i < rows; ++i, to += stride)
    for_each_vector(size, [&](std::int64_t j, auto some) { store(to + j, F(0.f), some); });
}

/// to [size, lanes] = the transpose of `vectors` * width rows, whose floats can be read up to a
/// multiple of 4.
inline void transpose_panel(const float* from, std::int64_t stride, std::int64_t vectors,
                            std::int64_t size, float* to) {
  for (std::int64_t lane = 0; lane < vectors * width; lane += width)
    for (std::int64_t d = 0; d < size; d += 4) {
      F columns[4];
      load_transposed(from + lane * stride + d, stride, columns);
      unrolled<4>([&](auto i) { store(to + (d + i) * lanes + lane, columns[i]); });
    }
}

/// Row i of `to` = column i of from [size, from_stride] times factors[i], for i < rows. `from` has
/// whole registers of rows, and of columns a multiple of 4.
inline void store_transposed(const float* from, std::int64_t from_stride, const float* factors,
                             std::int64_t rows, std::int64_t size, float* to, std::int64_t stride) {
  for (std::int64_t i = 0; i < rows; i += 4)
    for_each_vector(size, [&](std::int64_t d, auto some) {
      F columns[4];
      load_transposed(from + d * from_stride + i, from_stride, columns);
      unrolled<4>([&](auto q) {
        if (i + q < rows) store(to + (i + q) * stride + d, columns[q] * F(factors[i + q]), some);
      });
    });
}

}  // namespace
}  // namespace abax::ABAX_LEVEL
