// Kernels of ops/gated.h.
#pragma once

#include <cstdint>

#include "core/base/tile.h"

namespace abax {

struct GatedKernels {
  TileFunction swiglu;  // a, b
  /// With s = sigmoid(a): da = dy b s (1 + a (1 - s)) and db = dy a s. Both may be any operand.
  void (*swiglu_gradient)(const float* a, const float* b, const float* dy, float* da, float* db,
                          std::int64_t count);
};

}  // namespace abax
