// Kernels for the tests of core, at each SIMD level: some elementwise operations with super-ops,
// the functions of simd_math.h, the helpers of simd.h.
#pragma once

#include <array>
#include <cstdint>

#include "core/base/tile.h"

namespace abax {

struct TestKernels {
  TileFunction add, sub, mul, less, select, scale, truncate, invert;     // see test_kernels.cpp
  TileFunction add_mul, mul_add, add_mul_right, scale_sub, less_select;  // super-ops of these
  std::int64_t width;
  float (*sum_lanes)(const float* x);  // of `width` numbers
  float (*greatest_lane)(const float* x);
  TileFunction fma, fnma, min, max, sqrt, abs;
  TileFunction exp, log, tanh, sigmoid, softplus, erf;
};

namespace sse2 {
extern const TestKernels test_kernels;
}
namespace avx2 {
extern const TestKernels test_kernels;
}
namespace avx512 {
extern const TestKernels test_kernels;
}

inline const TestKernels& test_kernels(Level level) {
  const std::array<const TestKernels*, level_count> all{&sse2::test_kernels, &avx2::test_kernels,
                                                        &avx512::test_kernels};
  return *all[static_cast<std::size_t>(level)];
}

/// The function that `member` points at, at every level.
inline std::array<TileFunction, level_count> at_levels(TileFunction TestKernels::*member) {
  return {sse2::test_kernels.*member, avx2::test_kernels.*member, avx512::test_kernels.*member};
}

}  // namespace abax
