// Cross-entropy over contiguous rows of logits, and its gradient: each reads the logits once.
#include "ops/kernels/loss.h"

#include <math.h>

#include "ops/kernels/rows.h"

namespace abax::ABAX_LEVEL {
namespace {

double cross_entropy(const float* x, const std::int32_t* targets, std::int32_t ignored,
                     float* log_sums, std::int64_t rows, std::int64_t classes) {
  double total = 0;
  for (std::int64_t r = 0; r < rows; ++r, x += classes) {
    const float top = row_max(x, classes);
    const double log_sum = double{top} + ::log(double{row_sum_exp(x, top, classes)});
    log_sums[r] = static_cast<float>(log_sum);
    if (targets[r] != ignored) total += log_sum - double{x[targets[r]]};
  }
  return total;
}

void cross_entropy_gradient(const float* x, const std::int32_t* targets, std::int32_t ignored,
                            const float* log_sums, float gradient, float* dx, std::int64_t rows,
                            std::int64_t classes) {
  for (std::int64_t r = 0; r < rows; ++r, x += classes, dx += classes) {
    const bool counted = targets[r] != ignored;
    const F factor(counted ? gradient : 0.f);
    if (counted) {
      const F shift(log_sums[r]);
      for_each_vector(classes, [&](std::int64_t i, auto lanes) {
        store(dx + i, exp(load(x + i, lanes) - shift) * factor, lanes);
      });
      dx[targets[r]] -= gradient;
    } else {
      for_each_vector(classes, [&](std::int64_t i, auto lanes) { store(dx + i, factor, lanes); });
    }
  }
}

}  // namespace

extern const LossKernels loss_kernels;
const LossKernels loss_kernels = {cross_entropy, cross_entropy_gradient};

}  // namespace abax::ABAX_LEVEL
