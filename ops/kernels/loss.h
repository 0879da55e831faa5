// Row kernels of ops/loss.h.
#pragma once

#include <cstdint>

namespace abax {

struct LossKernels {
  /// log_sums[r] = log(sum(exp(x[r]))); losses[r] = log_sums[r] - (1 - smoothing) *
  /// x[r][targets[r]] - smoothing * mean(x[r]), 0 where the target is `ignored`. `losses` may be
  /// null. Returns their sum in double, row by row. Targets must be in range.
  double (*cross_entropy)(const float* x, const std::int32_t* targets, std::int32_t ignored,
                          float smoothing, float* log_sums, float* losses, std::int64_t rows,
                          std::int64_t classes);
  /// dx[r] = (softmax(x[r]) - (1 - smoothing) * one_hot(targets[r]) - smoothing / classes) *
  /// gradients[r * gradient_stride], zeros for ignored rows. dx may be x.
  void (*cross_entropy_gradient)(const float* x, const std::int32_t* targets, std::int32_t ignored,
                                 float smoothing, const float* log_sums, const float* gradients,
                                 std::int64_t gradient_stride, float* dx, std::int64_t rows,
                                 std::int64_t classes);
};

}  // namespace abax
