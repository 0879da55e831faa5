// Kernel source: register tiles of the f32 matrix product, and the loop over them.
#include "ops/kernels/gemm.h"

#include <utility>

#include "core/base/simd.h"
#include "ops/kernels/gemm_tile.h"

namespace abax::ABAX_LEVEL {
namespace {

/// Whether row i of a tile leaves the broadcast to the multiplications. Two rows in seven keep
/// decoder and load ports about equally busy: as fast as none where the core is alone, and 10 %
/// faster where another thread shares it. Only for addresses without an index, which the decoder
/// would split again.
constexpr bool reads_twice(int i) { return i % 7 == 2 || i % 7 == 5; }

/// Columns are v registers wide. Element (i, p) of a is a[i * a_stride + p] where `rowwise`, else
/// a[p * a_stride + i].
template <int rows, int v, bool rowwise>
void tile(const GemmTile& call) {
  const std::int64_t k = call.k, a_stride = call.a_stride, b_stride = call.b_stride;
  const std::int64_t c_stride = call.c_stride;
  const float *const a = call.a, *const b = call.b, *const next = call.next;
  float* const c = call.c;
  const bool add = call.add;
  F sum[rows][v];
  unrolled<rows>([&](auto i) {
    unrolled<v>([&](auto j) __attribute__((always_inline)) { sum[i][j] = F(0.f); });
  });
  const auto step = [ =, &sum ](std::int64_t p) __attribute__((always_inline)) {
    prefetch_far(next + p * (64 / std::int64_t{sizeof(float)}));
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
  std::int64_t p = 0;
  if constexpr (!rowwise) {
    for (; p + 2 <= k; p += 2) {
      step(p);
      step(p + 1);
    }
  }
  for (; p < k; ++p) step(p);
  unrolled<rows>([&](auto i) __attribute__((always_inline)) {
    unrolled<v>([&](auto j) __attribute__((always_inline)) {
      float* to = c + i * c_stride + j * width;
      store(to, add ? load(to) + sum[i][j] : sum[i][j]);
    });
  });
}

template <int v, bool rowwise, int... rows>
constexpr GemmTiles tiles_of(std::integer_sequence<int, rows...>) {
  return {{&tile<rows + 1, v, rowwise>...}};
}
using AllRows = std::make_integer_sequence<int, tile_rows>;

}  // namespace

const GemmTiles gemm_column_tiles = tiles_of<panel_vectors, false>(AllRows());
const GemmTiles gemm_row_tiles = tiles_of<panel_vectors, true>(AllRows());
const GemmTiles gemm_narrow_column_tiles = tiles_of<1, false>(AllRows());
const GemmTiles gemm_narrow_row_tiles = tiles_of<1, true>(AllRows());

void gemm_edge_tile(GemmTileFunction tile, std::int64_t rows, std::int64_t columns,
                    const GemmTile& call) {
  alignas(64) float full[tile_rows * panel_columns];
  GemmTile beside = call;
  beside.c = full;
  beside.c_stride = panel_columns;
  beside.add = false;
  tile(beside);
  for (std::int64_t i = 0; i < rows; ++i) {
    float* to = call.c + i * call.c_stride;
    for_each_vector(columns, [&](std::int64_t j, auto lanes) {
      const F sum = load(full + i * panel_columns + j);
      store(to + j, call.add ? load(to + j, lanes) + sum : sum, lanes);
    });
  }
}

namespace {

/// The tile of row tile `t` and panel `q`.
void one_tile(const GemmBlock& g, std::int64_t tiles, std::int64_t t, std::int64_t q,
              const float* next) {
  const std::int64_t begin = gemm_tile_begin(g.m, tiles, t);
  const std::int64_t rows = gemm_tile_begin(g.m, tiles, t + 1) - begin;
  const std::int64_t columns = g.n - q * panel_columns;
  const bool rowwise = !g.a_packed && g.a.column_stride == 1;
  const GemmTile call = {
      .k = g.k,
      .a = g.a_packed ? g.a.data + begin * g.k : g.a.from(begin, 0).data,
      .a_stride = g.a_packed ? rows
                  : rowwise  ? g.a.row_stride
                             : g.a.column_stride,
      .b = g.b + (q - g.first_panel) * g.panel_stride,
      .b_stride = g.b_row_stride,
      .c = g.c + (begin - gemm_tile_begin(g.m, tiles, g.first_tile)) * g.c_row_stride +
           (q - g.first_panel) * panel_columns,
      .c_stride = g.c_row_stride,
      .add = g.add,
      .next = next,
  };
  const auto& whole = rowwise ? gemm_row_tiles : gemm_column_tiles;
  const auto& narrow = rowwise ? gemm_narrow_row_tiles : gemm_narrow_column_tiles;
  if (columns >= panel_columns)
    whole.by_rows[rows - 1](call);
  else
    gemm_edge_tile((columns <= width ? narrow.by_rows : whole.by_rows)[rows - 1], rows, columns,
                   call);
}

void block(const GemmBlock& g) {
  // Floats that a tile may ask for ahead, and those of a panel.
  const std::int64_t ahead = g.k * 64 / std::int64_t{sizeof(float)};
  const std::int64_t panel = g.k * panel_columns;
  const std::int64_t tiles = gemm_tiles(g.m, tile_rows), panels = gemm_panels(g.n, panel_columns);
  const std::int64_t count = g.last_tile - g.first_tile;
  if (count <= gemm_few_tiles && (count > 1 || tiles == 1)) {
    // Few rows: each panel of b is read once, and the next one is fetched meanwhile.
    for (std::int64_t q = g.first_panel; q < g.last_panel; ++q)
      for (std::int64_t t = g.first_tile; t < g.last_tile; ++t) {
        const float* b = g.b + (q - g.first_panel) * g.panel_stride;
        const std::int64_t share = (t - g.first_tile) * ahead;
        const bool more = q + 1 < panels && share < panel && g.b_row_stride == panel_columns;
        one_tile(g, tiles, t, q, more ? b + g.panel_stride + share : b);
      }
    return;
  }
  // Many rows: the panels stay in the second-level cache, and the next tile's rows of a are
  // fetched.
  for (std::int64_t t = g.first_tile; t < g.last_tile; ++t)
    for (std::int64_t q = g.first_panel; q < g.last_panel; ++q) {
      const std::int64_t begin = gemm_tile_begin(g.m, tiles, t + 1);
      const std::int64_t share = (q - g.first_panel) * ahead;
      const bool more = g.a_packed && t + 1 < tiles && share < tile_rows * g.k;
      one_tile(g, tiles, t, q,
               more ? g.a.data + begin * g.k + share : g.b + (q - g.first_panel) * g.panel_stride);
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
