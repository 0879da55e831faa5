// Chains of elementwise work written by hand, as one loop each: what fused plans are measured
// against.
#pragma once

#include <cstdint>

#include "core/base/level.h"

namespace abax {

/// y may not be an operand. All are of `count` elements.
struct ChainLoops {
  /// y = relu((a b + a) 2 - b).
  void (*cheap)(const float* a, const float* b, float* y, std::int64_t count);
  /// y = sigmoid(a) tanh(b) + a b: half of what an LSTM cell computes.
  void (*gates)(const float* a, const float* b, float* y, std::int64_t count);
  /// y = a / (sqrt(b) + 1e-8) 0.001 + b 0.9: like an Adam step.
  void (*update)(const float* a, const float* b, float* y, std::int64_t count);
};

const ChainLoops& chain_loops(Level level);

}  // namespace abax
