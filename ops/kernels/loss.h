// Row kernels of ops/loss.h.
#pragma once

#include <cstdint>

namespace abax {

struct LossKernels {
  /// log_sums[r] = log(sum(exp(x[r]))). Returns the sum of log_sums[r] - x[r][targets[r]] over the
  /// rows whose target is not `ignored`, in double, row by row. Targets must be in range.
  double (*cross_entropy)(const float* x, const std::int32_t* targets, std::int32_t ignored,
                          float* log_sums, std::int64_t rows, std::int64_t classes);
  /// dx[r] = (softmax(x[r]) - one_hot(targets[r])) * gradient, zeros for ignored rows. dx may be x.
  void (*cross_entropy_gradient)(const float* x, const std::int32_t* targets, std::int32_t ignored,
                                 const float* log_sums, float gradient, float* dx,
                                 std::int64_t rows, std::int64_t classes);
};

}  // namespace abax
