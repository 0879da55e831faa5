// Attention of some heads backward (Dao et al. 2022, algorithm 4): scores are computed again.
//
// With s = scale q k^T and p = exp(s - lse), for one block of queries and one of keys at a time:
// dv = p^T dy, dp = dy v^T, ds = p * (dp - D), dq = scale ds k, dk = scale ds^T q, where D is the
// sum of dy * y a query. Here p^T, dp^T and ds^T are held, [keys, query_block].
#include <math.h>

#include "core/base/simd.h"
#include "core/base/simd_math.h"
#include "ops/kernels/attention_tiles.h"
#include "ops/kernels/rows.h"

namespace abax::ABAX_LEVEL {

std::int64_t attention_backward_scratch(std::int64_t heads, std::int64_t queries, std::int64_t keys,
                                        std::int64_t size);
void attention_backward(const AttentionHeads& heads, const AttentionGradient& gradient,
                        float* scratch);

namespace {

constexpr std::int64_t query_block = 64;

/// Where things lie in the scratch of some heads and a block of queries.
struct Block {
  std::int64_t row, wide_row;           // floats between rows: of k and v; of q and dy
  std::int64_t key_head, query_head;    // floats between heads: of k and v; of q and dy
  float *k, *v;                         // [heads, keys, row]: the keys that are seen
  float *q, *dy;                        // [heads, query_block, wide_row], q times scale
  float *q_transposed, *dy_transposed;  // [query_block / lanes, size, lanes]
  float *p, *ds;                        // [key_block, query_block]
  float* dq;                            // [size, query_block]
  float *lse, *d, *scales;              // [query_block]

  Block(Pieces& pieces, std::int64_t heads, std::int64_t keys, std::int64_t size)
      : row(row_floats(size)),
        wide_row(row_floats(round_up(size, lanes))),
        key_head(keys * row),
        query_head(query_block * wide_row),
        k(pieces.take(heads * key_head)),
        v(pieces.take(heads * key_head)),
        q(pieces.take(heads * query_head)),
        dy(pieces.take(heads * query_head)),
        q_transposed(pieces.take(query_block * row)),
        dy_transposed(pieces.take(query_block * row)),
        p(pieces.take(least(keys, key_block) * query_block)),
        ds(pieces.take(least(keys, key_block) * query_block)),
        dq(pieces.take(round_up(size, width) * query_block)),
        lse(pieces.take(query_block)),
        d(pieces.take(query_block)),
        scales(pieces.take(query_block)) {}

  /// The same for head h.
  Block head(std::int64_t h) const {
    Block result = *this;
    result.k += h * key_head, result.v += h * key_head;
    result.q += h * query_head, result.dy += h * query_head;
    return result;
  }
};

/// Of a head's block of queries, whose rows are copied: their transposes, the log-sum-exps and D,
/// with zeros up to whole registers of queries.
void prepare_queries(const AttentionHeads& heads, const float* y, const float* lse,
                     const Block& block, std::int64_t count) {
  const std::int64_t size = heads.size, wide_row = block.wide_row;
  const std::int64_t whole = round_up(count, width);
  clear_rows(block.q + count * wide_row, wide_row, whole - count, wide_row);
  clear_rows(block.dy + count * wide_row, wide_row, whole - count, wide_row);
  for (std::int64_t i = 0; i < count; i += lanes) {
    const std::int64_t vectors = vectors_for(count - i);
    transpose_panel(block.q + i * wide_row, wide_row, vectors, size,
                    block.q_transposed + i * block.row);
    transpose_panel(block.dy + i * wide_row, wide_row, vectors, size,
                    block.dy_transposed + i * block.row);
  }
  for (std::int64_t i = 0; i < whole; ++i) {
    const bool there = i < count;
    if (i + rows_ahead < count) prefetch_row(y + (i + rows_ahead) * heads.stride, size);
    // A query that sees nothing, or is none, has probabilities exp(s - infinity) = 0.
    block.lse[i] = there && lse[i] != -INFINITY ? lse[i] : INFINITY;
    block.d[i] = there ? dot(block.dy + i * wide_row, y + i * heads.stride, size) : 0;
  }
}

/// p and ds out of s and dp, in one register's lanes: lane l sees the rows up to `diagonal` + l of
/// `keys`. The rows up to `end` become zeros.
void probabilities(const Block& block, std::int64_t lane, std::int64_t keys, std::int64_t diagonal,
                   std::int64_t end) {
  const F lse = load(block.lse + lane), d = load(block.d + lane), numbers = lane_numbers();
  float *const p = block.p + lane, *const ds = block.ds + lane;
  std::int64_t j = 0;
  const auto one_row = [&](auto visible) {
    const std::int64_t at = j * query_block;
    const F probability = visible(exp(load(p + at) - lse));
    store(p + at, probability);
    store(ds + at, probability * (load(ds + at) - d));
  };
  for (; j < keys && j <= diagonal; ++j) one_row([](F x) { return x; });
  for (; j < keys; ++j)
    one_row([&](F x) { return select(numbers >= F(static_cast<float>(j - diagonal)), x, F(0.f)); });
  for (; j < end; ++j) {
    store(p + j * query_block, F(0.f));
    store(ds + j * query_block, F(0.f));
  }
}

/// dk or dv [keys, size] (+)= the rows of p or ds [keys, query_block] times q or dy. Key j is seen
/// by the queries from j - diagonal on.
void add_key_gradient(const float* p, const float* queries, const Block& block, std::int64_t keys,
                      std::int64_t count, std::int64_t diagonal, std::int64_t size, bool add,
                      float* to, std::int64_t stride) {
  for (std::int64_t j = 0, next; j < keys; j = next) {
    const std::int64_t start = greatest_of(0, j - diagonal);
    next = j <= diagonal ? least(keys, diagonal + 1) : least(keys, j + tile_rows);
    const GemmTile tile = {.k = count - start,
                           .a = p + j * query_block + start,
                           .a_stride = query_block,
                           .b = queries + start * block.wide_row,
                           .b_stride = block.wide_row,
                           .c = to + j * stride,
                           .c_stride = stride,
                           .add = add,
                           .next = queries};
    multiply_wide(tile, next - j, size);
  }
}

/// A head's queries [begin, begin + count) and the keys up to `end`, which they see; `last` says
/// that no block came before.
void backward_block(const AttentionHeads& heads, const AttentionGradient& g, const Block& block,
                    std::int64_t begin, std::int64_t count, std::int64_t end, bool last) {
  const std::int64_t size = heads.size, stride = heads.stride;
  // Key `offset` + i is the last that query begin + i sees.
  const std::int64_t offset = heads.causal ? begin + heads.keys - heads.queries : heads.keys;
  prepare_queries(heads, g.y + begin * stride, g.lse + begin, block, count);
  for (std::int64_t key = heads.first; key < end; key += key_block) {
    const std::int64_t keys = least(key_block, end - key), at = (key - heads.first) * block.row;
    const std::int64_t diagonal = offset - key;  // the last row that query `begin` sees
    for (std::int64_t lane = 0; lane < count; lane += lanes) {
      const std::int64_t vectors = vectors_for(count - lane);
      // Rows of the tiles of dk and dv reach over the end.
      const std::int64_t seen = greatest_of(0, least(keys, diagonal + lane + lanes));
      const std::int64_t cleared = least(keys, seen + tile_rows);
      GemmTile tile = {.k = size,
                       .a = block.k + at,
                       .a_stride = block.row,
                       .b = block.q_transposed + lane * block.row,
                       .b_stride = lanes,
                       .c = block.p + lane,
                       .c_stride = query_block,
                       .add = false,
                       .next = block.q_transposed + lane * block.row};
      multiply(row_tiles(vectors), tile, seen, block.row);
      tile.a = block.v + at;
      tile.b = tile.next = block.dy_transposed + lane * block.row;
      tile.c = block.ds + lane;
      multiply(row_tiles(vectors), tile, seen, block.row);
      for (std::int64_t i = 0; i < vectors * width; i += width)
        probabilities(block, lane + i, seen, diagonal + lane + i, cleared);
      if (!g.dq) continue;
      const GemmTile dq = {.k = seen,
                           .a = block.k + at,
                           .a_stride = block.row,
                           .b = block.ds + lane,
                           .b_stride = query_block,
                           .c = block.dq + lane,
                           .c_stride = query_block,
                           .add = key > heads.first,
                           .next = block.ds + lane};
      multiply(column_tiles(vectors), dq, size, 1);
    }
    if (g.dv)
      add_key_gradient(block.p, block.dy, block, keys, count, diagonal, size, !last,
                       g.dv + key * stride, stride);
    if (g.dk)
      add_key_gradient(block.ds, block.q, block, keys, count, diagonal, size, !last,
                       g.dk + key * stride, stride);
  }
  if (!g.dq) return;
  for (std::int64_t i = 0; i < count; ++i) block.scales[i] = heads.scale;
  store_transposed(block.dq, query_block, block.scales, count, size, g.dq + begin * stride, stride);
}

/// All heads of these queries.
void backward_blocks(const AttentionHeads& heads, const AttentionGradient& g, const Block& block,
                     std::int64_t begin, std::int64_t count) {
  const std::int64_t stride = heads.stride, at = begin * stride;
  const std::int64_t offset = heads.causal ? begin + heads.keys - heads.queries : heads.keys;
  const std::int64_t end = least(heads.last, offset + count);
  if (heads.first >= end) {
    if (g.dq) clear_rows(g.dq + at, stride, count, heads.heads * heads.size);
    return;
  }
  copy_rows(heads, heads.q + at, count, heads.scale, block.q, block.wide_row, block.query_head);
  copy_rows(heads, g.dy + at, count, 1, block.dy, block.wide_row, block.query_head);
  const auto of_head = [&](auto* tensor, std::int64_t h) {
    return tensor ? tensor + h * heads.size : nullptr;
  };
  for (std::int64_t h = 0; h < heads.heads; ++h) {
    const AttentionGradient head = {.y = of_head(g.y, h),
                                    .lse = g.lse + h * heads.queries,
                                    .dy = of_head(g.dy, h),
                                    .dq = of_head(g.dq, h),
                                    .dk = of_head(g.dk, h),
                                    .dv = of_head(g.dv, h)};
    backward_block(heads, head, block.head(h), begin, count, end, begin + count == heads.queries);
  }
}

}  // namespace

std::int64_t attention_backward_scratch(std::int64_t heads, std::int64_t, std::int64_t keys,
                                        std::int64_t size) {
  Pieces pieces(nullptr);
  Block(pieces, heads, keys, size);
  return pieces.taken();
}

void attention_backward(const AttentionHeads& heads, const AttentionGradient& g, float* scratch) {
  const std::int64_t first = heads.first, stride = heads.stride;
  const std::int64_t last = heads.queries > 0 ? greatest_of(first, heads.last) : first;
  for (float* to : {g.dk, g.dv}) {
    if (!to) continue;
    clear_rows(to, stride, first, heads.heads * heads.size);
    clear_rows(to + last * stride, stride, heads.keys - last, heads.heads * heads.size);
  }
  Pieces pieces(scratch);
  const Block block(pieces, heads.heads, heads.keys, heads.size);
  copy_rows(heads, heads.k + first * stride, last - first, 1, block.k, block.row, block.key_head);
  copy_rows(heads, heads.v + first * stride, last - first, 1, block.v, block.row, block.key_head);
  // From the last block, which sees all keys and so sets their gradients, back to the first.
  for (std::int64_t end = heads.queries; end > 0;) {
    const std::int64_t begin = (end - 1) / query_block * query_block;
    backward_blocks(heads, g, block, begin, end - begin);
    end = begin;
  }
}

}  // namespace abax::ABAX_LEVEL
