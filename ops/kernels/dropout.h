// The kernel of ops/dropout.h.
#pragma once

#include <cstdint>

#include "ops/kernels/random.h"

namespace abax {

struct DropoutKernels {
  /// Elements [first, first + count) of a tensor, `first` a multiple of random_block; x and y point
  /// at element `first` and may be the same. y = 0 where the element's 24 random bits are below
  /// `threshold`, else x * scale.
  void (*dropout)(const float* x, float* y, std::int64_t first, std::int64_t count,
                  RandomStream stream, std::int32_t threshold, float scale);
};

}  // namespace abax
