// Kernels for benchmarks/tile.cpp at each SIMD level: single operations, super-ops, and the same
// chains as loops written by hand.
#pragma once

#include <array>

#include "core/base/tile.h"

namespace abax {

struct TileBenchmarkKernels {
  TileFunction add, sub, mul, sigmoid, tanh;
  TileFunction mul_add, add_mul, mul_sub, sub_mul;
  // The chain of six: ((a b + c) d - a) b + d.
  void (*chain)(const float* const* in, float* out, std::int64_t count);
  // The cell of an LSTM: in = {i, f, g, o, c}, out = {c, h}.
  void (*cell)(const float* const* in, float* const* out, std::int64_t count);
};

namespace sse2 {
extern const TileBenchmarkKernels tile_benchmark_kernels;
}
namespace avx2 {
extern const TileBenchmarkKernels tile_benchmark_kernels;
}
namespace avx512 {
extern const TileBenchmarkKernels tile_benchmark_kernels;
}

inline const TileBenchmarkKernels& tile_benchmark_kernels(Level level) {
  const std::array<const TileBenchmarkKernels*, level_count> all{&sse2::tile_benchmark_kernels,
                                                                 &avx2::tile_benchmark_kernels,
                                                                 &avx512::tile_benchmark_kernels};
  return *all[static_cast<std::size_t>(level)];
}

inline std::array<TileFunction, level_count> at_levels(TileFunction TileBenchmarkKernels::*member) {
  return {sse2::tile_benchmark_kernels.*member, avx2::tile_benchmark_kernels.*member,
          avx512::tile_benchmark_kernels.*member};
}

}  // namespace abax
