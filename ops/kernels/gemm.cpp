// Kernel source: register tiles of the f32 matrix product, and the loop over them.
#include "ops/kernels/gemm.h"

#include <utility>

#include "core/base/simd.h"
#include "ops/kernels/gemm_pack.h"

namespace abax::ABAX_LEVEL {
namespace {

/// Whether row i of a tile leaves the broadcast to the multiplications. Two rows in seven keep
/// decoder and load ports about equally busy: as fast as none where the core is alone, and 10 %
/// faster where another thread shares it. Only for addresses without an index, which the decoder
/// would split again.
constexpr bool reads_twice(int i) { return i % 7 == 2 || i % 7 == 5; }

/// c [rows, v * width] = (or +=) a [rows, k] b [k, v * width]. Element (i, p) of a is a[i *
/// a_stride + p] where `rowwise`, else a[p * a_stride + i].
template <int rows, int v, bool rowwise>
void tile(std::int64_t k, const float* a, std::int64_t a_stride, const float* b,
          std::int64_t b_stride, float* c, std::int64_t c_stride, bool add) {
  F sum[rows][v];
  unrolled<rows>([&](auto i) {
    unrolled<v>([&](auto j) __attribute__((always_inline)) { sum[i][j] = F(0.f); });
  });
  const auto step = [&](std::int64_t p) __attribute__((always_inline)) {
    F row[v];
    unrolled<v>([&](auto j) __attribute__((always_inline)) {
      row[j] = load(b + p * b_stride + j * width);
    });
    unrolled<rows>([&](auto i) __attribute__((always_inline)) {
      const float* x = rowwise ? &a[i * a_stride + p] : &a[p * a_stride + i];
      if constexpr (!rowwise && reads_twice(i)) {
        unrolled<v>([&](auto j) __attribute__((always_inline)) {
          sum[i][j] = fma_from(row[j], x, sum[i][j]);
        });
      } else {
        const F every(*x);
        unrolled<v>([&](auto j) __attribute__((always_inline)) {
          sum[i][j] = fma(every, row[j], sum[i][j]);
        });
      }
    });
  };
  for (std::int64_t p = 0; p < k; ++p) step(p);
  unrolled<rows>([&](auto i) __attribute__((always_inline)) {
    unrolled<v>([&](auto j) __attribute__((always_inline)) {
      float* to = c + i * c_stride + j * width;
      store(to, add ? load(to) + sum[i][j] : sum[i][j]);
    });
  });
}

using TileFunction = void (*)(std::int64_t k, const float* a, std::int64_t a_stride, const float* b,
                              std::int64_t b_stride, float* c, std::int64_t c_stride, bool add);

template <int v, bool rowwise, int... rows>
constexpr TileFunction pick(int count, std::integer_sequence<int, rows...>) {
  TileFunction found = nullptr;
  ((count == rows + 1 ? void(found = &tile<rows + 1, v, rowwise>) : void()), ...);
  return found;
}

/// The tiles of `v` registers by their number of rows, less one.
template <int v, bool rowwise>
struct Tiles {
  TileFunction by_rows[tile_rows];
  constexpr Tiles() : by_rows() {
    for (int i = 0; i < tile_rows; ++i)
      by_rows[i] = pick<v, rowwise>(i + 1, std::make_integer_sequence<int, tile_rows>());
  }
};
constexpr Tiles<panel_vectors, false> column_tiles;
constexpr Tiles<panel_vectors, true> row_tiles;
constexpr Tiles<1, false> narrow_column_tiles;
constexpr Tiles<1, true> narrow_row_tiles;

/// A tile at the right edge: computed in full beside c, since only `columns` of it exist.
void edge_tile(TileFunction tile, std::int64_t rows, std::int64_t columns, std::int64_t k,
               const float* a, std::int64_t a_stride, const float* b, std::int64_t b_stride,
               float* c, std::int64_t c_stride, bool add) {
  alignas(64) float full[tile_rows * panel_columns];
  tile(k, a, a_stride, b, b_stride, full, panel_columns, false);
  for (std::int64_t i = 0; i < rows; ++i) {
    float* to = c + i * c_stride;
    for_each_vector(columns, [&](std::int64_t j, auto lanes) {
      const F sum = load(full + i * panel_columns + j);
      store(to + j, add ? load(to + j, lanes) + sum : sum, lanes);
    });
  }
}

void block(const GemmBlock& g) {
  const std::int64_t tiles = gemm_tiles(g.m, tile_rows);
  float* c = g.c;
  for (std::int64_t t = g.first_tile; t < g.last_tile; ++t) {
    const std::int64_t begin = gemm_tile_begin(g.m, tiles, t);
    const std::int64_t rows = gemm_tile_begin(g.m, tiles, t + 1) - begin;
    const bool rowwise = !g.a_packed && g.a.column_stride == 1;
    const float* a = g.a_packed ? g.a.data + begin * g.k : g.a.from(begin, 0).data;
    const std::int64_t a_stride = g.a_packed ? rows : rowwise ? g.a.row_stride : g.a.column_stride;
    const TileFunction whole = (rowwise ? row_tiles.by_rows : column_tiles.by_rows)[rows - 1];
    for (std::int64_t q = g.first_panel; q < g.last_panel; ++q) {
      const float* b = g.b + (q - g.first_panel) * g.panel_stride;
      float* to = c + (q - g.first_panel) * panel_columns;
      const std::int64_t columns = g.n - q * panel_columns;
      if (columns >= panel_columns) {
        whole(g.k, a, a_stride, b, g.b_row_stride, to, g.c_row_stride, g.add);
        continue;
      }
      const TileFunction narrow =
          (rowwise ? narrow_row_tiles.by_rows : narrow_column_tiles.by_rows)[rows - 1];
      edge_tile(columns <= width ? narrow : whole, rows, columns, g.k, a, a_stride, b,
                g.b_row_stride, to, g.c_row_stride, g.add);
    }
    c += rows * g.c_row_stride;
  }
}

}  // namespace

extern const GemmKernels gemm_kernels;
const GemmKernels gemm_kernels = {
    .tile_rows = tile_rows,
    .panel_columns = panel_columns,
    .pack_b = pack_b,
    .pack_a = pack_a,
    .block = block,
};

}  // namespace abax::ABAX_LEVEL
