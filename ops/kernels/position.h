// The kernels of ops/position.h of one SIMD level.
#pragma once

#include <cstdint>

namespace abax {

struct PositionKernels {
  /// Rotates the pairs (i, i + half), i < half, of each head in the rows [begin, end) of x, [rows,
  /// heads, 2 * half], by angles whose sines and cosines are row r / repeat of `angles`, [..,
  /// 2 * half], sines first. sign is 1, or -1 to turn back. y may be x.
  void (*rotate)(const float* x, const float* angles, float sign, float* y, std::int64_t begin,
                 std::int64_t end, std::int64_t repeat, std::int64_t heads, std::int64_t half);
};

}  // namespace abax
