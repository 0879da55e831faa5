// Attention of one head, row by row.
#include "ops/kernels/attention.h"

#include <math.h>

#include "core/base/simd.h"
#include "core/base/simd_math.h"
#include "ops/kernels/rows.h"

namespace abax::ABAX_LEVEL {
namespace {

std::int64_t scratch(std::int64_t, std::int64_t keys, std::int64_t) { return keys; }

std::int64_t least(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

/// One past the last key that query i sees.
std::int64_t end_of(const AttentionHead& head, std::int64_t i) {
  return head.causal ? least(head.last, i + head.keys - head.queries + 1) : head.last;
}

float dot(const float* a, const float* b, std::int64_t size) {
  return row_sum(
      size, [&](std::int64_t i, auto lanes) { return load(a + i, lanes) * load(b + i, lanes); });
}

/// y += a x
void add_scaled(float a, const float* x, float* y, std::int64_t size) {
  for_each_vector(size, [&](std::int64_t i, auto lanes) {
    store(y + i, fma(F(a), load(x + i, lanes), load(y + i, lanes)), lanes);
  });
}

void clear(float* y, std::int64_t size) {
  for (std::int64_t i = 0; i < size; ++i) y[i] = 0;
}

float first_lane(F x) {
  float lanes[width];
  store(lanes, x);
  return lanes[0];
}

void forward(const AttentionHead& head, float* y, float* lse, float* scores) {
  for (std::int64_t i = 0; i < head.queries; ++i) {
    const std::int64_t end = end_of(head, i);
    const float* q = head.q + i * head.stride;
    float* row = y + i * head.stride;
    clear(row, head.size);
    lse[i] = -INFINITY;
    if (head.first >= end) continue;
    const std::int64_t count = end - head.first;
    for (std::int64_t j = 0; j < count; ++j)
      scores[j] = head.scale * dot(q, head.k + (head.first + j) * head.stride, head.size);
    const float top = row_max(scores, count);
    const float total = row_sum(count, [&](std::int64_t j, auto lanes) {
      const F p = exp(load_or(scores + j, lanes, -INFINITY) - F(top));
      store(scores + j, p, lanes);
      return p;
    });
    lse[i] = top + first_lane(log(F(total)));
    for (std::int64_t j = 0; j < count; ++j)
      add_scaled(scores[j] / total, head.v + (head.first + j) * head.stride, row, head.size);
  }
}

// Dao et al. 2022, algorithm 4: with the scores computed again, p = exp(s - lse), D = dy y,
// ds = p (dy v - D).
void backward(const AttentionHead& head, const AttentionGradient& g, float*) {
  const std::int64_t stride = head.stride, size = head.size;
  if (g.dq)
    for (std::int64_t i = 0; i < head.queries; ++i) clear(g.dq + i * stride, size);
  for (std::int64_t j = 0; j < head.keys; ++j) {
    if (g.dk) clear(g.dk + j * stride, size);
    if (g.dv) clear(g.dv + j * stride, size);
  }
  for (std::int64_t i = 0; i < head.queries; ++i) {
    const float *q = head.q + i * stride, *dy = g.dy + i * stride;
    const float d = dot(dy, g.y + i * stride, size);
    for (std::int64_t j = head.first; j < end_of(head, i); ++j) {
      const float* k = head.k + j * stride;
      const float p = first_lane(exp(F(head.scale * dot(q, k, size) - g.lse[i])));
      const float ds = head.scale * p * (dot(dy, head.v + j * stride, size) - d);
      if (g.dq) add_scaled(ds, k, g.dq + i * stride, size);
      if (g.dk) add_scaled(ds, q, g.dk + j * stride, size);
      if (g.dv) add_scaled(p, dy, g.dv + j * stride, size);
    }
  }
}

}  // namespace

extern const AttentionKernels attention_kernels;
const AttentionKernels attention_kernels = {
    .forward_scratch = scratch,
    .backward_scratch = scratch,
    .forward = forward,
    .backward = backward,
};

}  // namespace abax::ABAX_LEVEL
