// The kernels of ops/shape.h of one SIMD level.
#pragma once

#include <cstdint>

namespace abax {

struct ShapeKernels {
  /// to[j * to_stride + i] = from[i * from_stride + j] for i < rows, j < columns; strides in
  /// elements.
  void (*transpose_words)(const float* from, std::int64_t from_stride, float* to,
                          std::int64_t to_stride, std::int64_t rows, std::int64_t columns);
  void (*transpose_bytes)(const std::uint8_t* from, std::int64_t from_stride, std::uint8_t* to,
                          std::int64_t to_stride, std::int64_t rows, std::int64_t columns);
};

}  // namespace abax
