// Attention of some heads forward: panels of queries over blocks of keys.
#include "ops/kernels/attention.h"

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

/// With so few queries keys and values are read once each, in place.
constexpr std::int64_t few_queries = 3;

/// Where things lie in the scratch of a panel. Sums and maxima are one a lane.
struct Panel {
  std::int64_t row;               // floats between the rows of k, v and q
  std::int64_t key_head, q_head;  // floats between the heads of k and v, and of q
  float *k, *v;                   // [heads, keys, row]: the keys that are seen
  float* q;                       // [heads, lanes, row], times scale
  float* q_transposed;            // [size, lanes]
  float* scores;                  // [key_block, lanes]
  float* y;                       // [size, lanes], not yet divided by the sums
  float *top, *total;             // [lanes]

  Panel(Pieces& pieces, std::int64_t heads, std::int64_t keys, std::int64_t size)
      : row(row_floats(size)),
        key_head(keys * row),
        q_head(lanes * row),
        k(pieces.take(heads * key_head)),
        v(pieces.take(heads * key_head)),
        q(pieces.take(heads * q_head)),
        q_transposed(pieces.take(row * lanes)),
        scores(pieces.take(least(keys, key_block) * lanes)),
        y(pieces.take(round_up(size, width) * lanes)),
        top(pieces.take(lanes)),
        total(pieces.take(lanes)) {}
};

std::int64_t forward_scratch(std::int64_t heads, std::int64_t queries, std::int64_t keys,
                             std::int64_t size) {
  if (queries <= few_queries) return round_up(keys, 16);
  Pieces pieces(nullptr);
  Panel(pieces, heads, keys, size);
  return pieces.taken();
}

/// One past the last key that query i sees.
std::int64_t end_of(const AttentionHeads& heads, std::int64_t i) {
  return heads.causal ? least(heads.last, i + heads.keys - heads.queries + 1) : heads.last;
}

/// Turns `keys` rows of scores into their exponentials, in one register's lanes (Milakov and
/// Gimelshein 2018, algorithm 3): maximum and sum so far are brought up to date, and `y`, which
/// holds what earlier blocks gave, is scaled to the new maximum. Lane l sees the rows up to
/// `diagonal` + l.
void online_softmax(float* scores, std::int64_t keys, std::int64_t diagonal, bool first, float* top,
                    float* total, float* y, std::int64_t size) {
  const std::int64_t open = least(keys, diagonal < 0 ? 0 : diagonal + 1);  // rows that all see
  F greatest[4] = {F(-INFINITY), F(-INFINITY), F(-INFINITY), F(-INFINITY)};
  std::int64_t j = 0;
  for (; j + 4 <= open; j += 4)
    unrolled<4>([&](auto i) { greatest[i] = max(load(scores + (j + i) * lanes), greatest[i]); });
  for (; j < open; ++j) greatest[0] = max(load(scores + j * lanes), greatest[0]);
  const F numbers = lane_numbers();
  for (; j < keys; ++j) {
    const F seen = select(numbers >= F(static_cast<float>(j - diagonal)), load(scores + j * lanes),
                          F(-INFINITY));
    store(scores + j * lanes, seen);
    greatest[0] = max(seen, greatest[0]);
  }
  F new_top = max(max(greatest[0], greatest[1]), max(greatest[2], greatest[3]));
  const F old_top = first ? F(-INFINITY) : load(top);
  new_top = max(new_top, old_top);
  // Where nothing was seen yet: exponentials of minus infinity less anything finite are 0.
  const F shift = select(new_top == F(-INFINITY), F(0.f), new_top);
  F sum(0.f);
  for (j = 0; j < keys; ++j) {
    const F p = exp(load(scores + j * lanes) - shift);
    store(scores + j * lanes, p);
    sum += p;
  }
  store(top, new_top);
  if (first) {
    store(total, sum);
    return;
  }
  const F old_share = exp(old_top - shift);
  store(total, fma(load(total), old_share, sum));
  for (std::int64_t d = 0; d < size; ++d) store(y + d * lanes, load(y + d * lanes) * old_share);
}

/// Head h of the queries [begin, begin + count), which see keys up to `end`.
void forward_panel(const AttentionHeads& heads, const Panel& panel, std::int64_t h,
                   std::int64_t begin, std::int64_t count, std::int64_t end, float* y, float* lse) {
  const std::int64_t size = heads.size, row = panel.row, vectors = vectors_for(count);
  float* const q = panel.q + h * panel.q_head;
  clear_rows(q + count * row, row, vectors * width - count, row);
  transpose_panel(q, row, vectors, size, panel.q_transposed);
  for (std::int64_t key = heads.first; key < end; key += key_block) {
    const std::int64_t keys = least(key_block, end - key);
    const std::int64_t at = h * panel.key_head + (key - heads.first) * row;
    const bool first = key == heads.first;
    const GemmTile scores = {.k = size,
                             .a = panel.k + at,
                             .a_stride = row,
                             .b = panel.q_transposed,
                             .b_stride = lanes,
                             .c = panel.scores,
                             .c_stride = lanes,
                             .add = false,
                             .next = panel.q_transposed};
    multiply(row_tiles(vectors), scores, keys, row);
    for (std::int64_t lane = 0; lane < vectors * width; lane += width) {
      const std::int64_t diagonal =
          heads.causal ? begin + lane + heads.keys - heads.queries - key : keys;
      online_softmax(panel.scores + lane, keys, diagonal, first, panel.top + lane,
                     panel.total + lane, panel.y + lane, size);
    }
    const GemmTile values = {.k = keys,
                             .a = panel.v + at,
                             .a_stride = row,
                             .b = panel.scores,
                             .b_stride = lanes,
                             .c = panel.y,
                             .c_stride = lanes,
                             .add = !first,
                             .next = panel.scores};
    multiply(column_tiles(vectors), values, size, 1);
  }
  float log_sums[lanes];
  for (std::int64_t lane = 0; lane < vectors * width; lane += width) {
    const F total = load(panel.total + lane);
    store(log_sums + lane, load(panel.top + lane) + log(total));
    store(panel.total + lane, select(total == F(0.f), F(0.f), F(1.f) / total));
  }
  for (std::int64_t i = 0; i < count; ++i) lse[i] = log_sums[i];
  store_transposed(panel.y, lanes, panel.total, count, size, y, heads.stride);
}

/// All heads of these queries.
void forward_panels(const AttentionHeads& heads, const Panel& panel, std::int64_t begin,
                    std::int64_t count, float* y, float* lse) {
  const std::int64_t stride = heads.stride, end = end_of(heads, begin + count - 1);
  if (heads.first >= end) {
    clear_rows(y + begin * stride, stride, count, heads.heads * heads.size);
    for (std::int64_t h = 0; h < heads.heads; ++h)
      for (std::int64_t i = 0; i < count; ++i) lse[h * heads.queries + begin + i] = -INFINITY;
    return;
  }
  copy_rows(heads, heads.q + begin * stride, count, heads.scale, panel.q, panel.row, panel.q_head);
  for (std::int64_t h = 0; h < heads.heads; ++h)
    forward_panel(heads, panel, h, begin, count, end, y + begin * stride + h * heads.size,
                  lse + h * heads.queries + begin);
}

/// y = the sum of weights[j] * v[j], times factor.
void weighted_sum(const float* weights, const float* v, std::int64_t stride, std::int64_t count,
                  std::int64_t size, float factor, float* y) {
  std::int64_t d = 0;
  for (; d + 4 * width <= size; d += 4 * width) {
    F sums[4] = {F(0.f), F(0.f), F(0.f), F(0.f)};
    for (std::int64_t j = 0; j < count; ++j) {
      const F weight(weights[j]);
      unrolled<4>(
          [&](auto i) { sums[i] = fma(weight, load(v + j * stride + d + i * width), sums[i]); });
    }
    unrolled<4>([&](auto i) { store(y + d + i * width, sums[i] * F(factor)); });
  }
  for_each_vector(size - d, [&](std::int64_t i, auto some) {
    F sums(0.f);
    for (std::int64_t j = 0; j < count; ++j)
      sums = fma(F(weights[j]), load(v + j * stride + d + i, some), sums);
    store(y + d + i, sums * F(factor), some);
  });
}

/// One query of one head, the first: keys and values are streamed.
void forward_query(const AttentionHeads& heads, std::int64_t i, float* y, float* lse,
                   float* scores) {
  const std::int64_t size = heads.size, stride = heads.stride;
  const std::int64_t count = end_of(heads, i) - heads.first;
  if (count <= 0) {
    clear_rows(y, stride, 1, size);
    *lse = -INFINITY;
    return;
  }
  const float* k = heads.k + heads.first * stride;
  for (std::int64_t j = 0; j < count; ++j)
    scores[j] = heads.scale * dot(heads.q + i * stride, k + j * stride, size);
  const float top = row_max(scores, count);
  const F shift(top == -INFINITY ? 0 : top);
  const float total = row_sum(count, [&](std::int64_t j, auto some) {
    const F p = exp(load_or(scores + j, some, -INFINITY) - shift);
    store(scores + j, p, some);
    return p;
  });
  float log_sum[width];
  store(log_sum, F(top) + log(F(total)));
  *lse = log_sum[0];
  weighted_sum(scores, heads.v + heads.first * stride, stride, count, size,
               total == 0 ? 0 : 1 / total, y);
}

void forward(const AttentionHeads& heads, std::int64_t begin, std::int64_t end, float* y,
             float* lse, float* scratch) {
  if (heads.queries <= few_queries) {
    AttentionHeads head = heads;
    for (std::int64_t h = 0; h < heads.heads; ++h) {
      for (std::int64_t i = begin; i < end; ++i)
        forward_query(head, i, y + i * heads.stride + h * heads.size, lse + h * heads.queries + i,
                      scratch);
      head.q += heads.size, head.k += heads.size, head.v += heads.size;
    }
    return;
  }
  Pieces pieces(scratch);
  const Panel panel(pieces, heads.heads, heads.keys, heads.size);
  const std::int64_t at = heads.first * heads.stride;
  const std::int64_t keys = end_of(heads, end - 1) - heads.first;
  copy_rows(heads, heads.k + at, keys, 1, panel.k, panel.row, panel.key_head);
  copy_rows(heads, heads.v + at, keys, 1, panel.v, panel.row, panel.key_head);
  for (; begin < end; begin += lanes)
    forward_panels(heads, panel, begin, least(lanes, end - begin), y, lse);
}

}  // namespace

extern const AttentionKernels attention_kernels;
const AttentionKernels attention_kernels = {
    .few_queries = few_queries,
    .forward_scratch = forward_scratch,
    .backward_scratch = attention_backward_scratch,
    .forward = forward,
    .backward = attention_backward,
};

}  // namespace abax::ABAX_LEVEL
