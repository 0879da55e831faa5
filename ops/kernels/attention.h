// Kernels of ops/attention.h: one head of one batch item, forward and back.
//
// Rows of a head are `size` floats; the rows of consecutive time steps are `stride` floats apart
// (batch * width), in every tensor but the log-sum-exp, whose rows are contiguous.
#pragma once

#include <cstdint>

namespace abax {

/// The head of one batch item. Query i sees the keys [first, last), and of these only j <= i +
/// (keys - queries) where causal. 0 <= first, last <= keys.
struct AttentionHead {
  std::int64_t queries, keys, size, stride;
  std::int64_t first, last;
  bool causal;
  float scale;
  const float *q, *k, *v;
};

/// What the gradient reads and writes. dq, dk and dv may each be null: not wanted.
struct AttentionGradient {
  const float *y, *lse, *dy;
  float *dq, *dk, *dv;
};

struct AttentionKernels {
  /// Floats of scratch that `forward` and `backward` need.
  std::int64_t (*forward_scratch)(std::int64_t queries, std::int64_t keys, std::int64_t size);
  std::int64_t (*backward_scratch)(std::int64_t queries, std::int64_t keys, std::int64_t size);
  /// y and the log-sum-exp.
  void (*forward)(const AttentionHead& head, float* y, float* lse, float* scratch);
  /// The wanted gradients of q, k and v, as a whole: what they held is replaced.
  void (*backward)(const AttentionHead& head, const AttentionGradient& gradient, float* scratch);
};

}  // namespace abax
