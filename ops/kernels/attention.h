// Kernels of ops/attention.h: some heads of one batch item, forward and back.
//
// A row holds these heads, `size` floats each; the rows of consecutive time steps are `stride`
// floats apart (batch * width), in every tensor but the log-sum-exp, which is [heads, queries].
#pragma once

#include <cstdint>

namespace abax {

/// Query i sees the keys [first, last), and of these only j <= i + (keys - queries) where causal.
/// 0 <= first, last <= keys.
struct AttentionHeads {
  std::int64_t heads, queries, keys, size, stride;
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
  /// With so few queries `forward` reads keys and values in place.
  std::int64_t few_queries;
  /// Floats of scratch that `forward` and `backward` need.
  std::int64_t (*forward_scratch)(std::int64_t heads, std::int64_t queries, std::int64_t keys,
                                  std::int64_t size);
  std::int64_t (*backward_scratch)(std::int64_t heads, std::int64_t queries, std::int64_t keys,
                                   std::int64_t size);
  /// y and the log-sum-exp of the queries [begin, end).
  void (*forward)(const AttentionHeads& heads, std::int64_t begin, std::int64_t end, float* y,
                  float* lse, float* scratch);
  /// The wanted gradients of q, k and v, as a whole: what they held is replaced.
  void (*backward)(const AttentionHeads& heads, const AttentionGradient& gradient, float* scratch);
};

}  // namespace abax
