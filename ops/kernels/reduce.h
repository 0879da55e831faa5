// The kernels of ops/reduce.h of one SIMD level.
#pragma once

#include <cstdint>

namespace abax {

/// x is [size, columns] at `stride` elements a row; `columns` is at most reduce_columns. Each
/// function writes `columns` results. Rows of the [outer, size] form, where the reduced axis is the
/// last, have functions of their own: x is `size` elements one after another.
inline constexpr std::int64_t reduce_columns = 256;

struct ReduceKernels {
  /// The greatest, or NaN; -inf of nothing.
  float (*max_row)(const float* x, std::int64_t size);
  void (*max_columns)(const float* x, std::int64_t stride, std::int64_t size, std::int64_t columns,
                      float* result);
  /// log(sum(exp(x))).
  float (*logsumexp_row)(const float* x, std::int64_t size);
  void (*logsumexp_columns)(const float* x, std::int64_t stride, std::int64_t size,
                            std::int64_t columns, float* result);
  /// The first position of the greatest; of the first NaN where there is one. size is at least 1.
  std::int32_t (*argmax_row)(const float* x, std::int64_t size);
  void (*argmax_columns)(const float* x, std::int64_t stride, std::int64_t size,
                         std::int64_t columns, std::int32_t* result);
};

}  // namespace abax
