// The kernels of core at each SIMD level: a table a level, chosen at run time.
#pragma once

#include <cstdint>

#include "core/base/level.h"
#include "core/base/tile.h"

namespace abax {

struct CoreKernels {
  TileFunction add;           // f32, f32 -> f32
  TileFunction add_then_add;  // (a + b) + c

  // Sums round in an order that depends on sizes and level alone: runs of a fixed length are summed
  // on their own, so that the error grows with the number of runs and not of elements.

  /// The sum of n numbers.
  float (*sum)(const float* x, std::int64_t n);
  /// out[j] = the sum over i of x[i, j], x being [rows, columns] with `stride` elements from row to
  /// row; added to out[j] where `accumulate`.
  void (*sum_columns)(const float* x, std::int64_t rows, std::int64_t columns, std::int64_t stride,
                      float* out, bool accumulate);
};

namespace sse2 {
extern const CoreKernels core_kernels;
}
namespace avx2 {
extern const CoreKernels core_kernels;
}
namespace avx512 {
extern const CoreKernels core_kernels;
}

inline const CoreKernels& core_kernels(Level level) {
  switch (level) {
    case Level::avx512:
      return avx512::core_kernels;
    case Level::avx2:
      return avx2::core_kernels;
    case Level::sse2:
      break;
  }
  return sse2::core_kernels;
}

}  // namespace abax
