// Cross-entropy over contiguous rows of logits, and its gradient: each reads the logits once.
#include "ops/kernels/loss.h"

#include <math.h>

#include "ops/kernels/rows.h"

namespace abax::ABAX_LEVEL {
namespace {

double cross_entropy(const float* x, const std::int32_t* targets, std::int32_t ignored,
                     float smoothing, float* log_sums, float* losses, std::int64_t rows,
                     std::int64_t classes) {
  double total = 0;
  for (std::int64_t r = 0; r < rows; ++r, x += classes) {
    const float top = row_max(x, classes);
    // Distances from the maximum: their sum does not lose digits where the logits are far from 0.
    float distances = 0;
    const float exponentials =
        smoothing > 0 ? row_sum_exp(x, top, classes, distances) : row_sum_exp(x, top, classes);
    const double log_sum = ::log(double{exponentials});
    log_sums[r] = static_cast<float>(double{top} + log_sum);
    double loss = 0, smoothed = 0;
    if (targets[r] != ignored) {
      const double distance = double{x[targets[r]]} - double{top};
      loss = log_sum - distance;
      if (smoothing > 0)
        smoothed =
            double{smoothing} * (distance - double{distances} / static_cast<double>(classes));
      total += loss;
      total += smoothed;
    }
    if (losses) losses[r] = static_cast<float>(loss + smoothed);
  }
  return total;
}

void cross_entropy_gradient(const float* x, const std::int32_t* targets, std::int32_t ignored,
                            float smoothing, const float* log_sums, const float* gradients,
                            std::int64_t gradient_stride, float* dx, std::int64_t rows,
                            std::int64_t classes) {
  const F even(smoothing / static_cast<float>(classes));
  for (std::int64_t r = 0; r < rows; ++r, x += classes, dx += classes) {
    const bool counted = targets[r] != ignored;
    const float gradient = gradients[r * gradient_stride];
    const F factor(counted ? gradient : 0.f);
    if (counted) {
      const F shift(log_sums[r]);
      for_each_vector(classes, [&](std::int64_t i, auto lanes) {
        store(dx + i, (exp(load(x + i, lanes) - shift) - even) * factor, lanes);
      });
      dx[targets[r]] -= (1 - smoothing) * gradient;
    } else {
      for_each_vector(classes, [&](std::int64_t i, auto lanes) { store(dx + i, factor, lanes); });
    }
  }
}

}  // namespace

extern const LossKernels loss_kernels;
const LossKernels loss_kernels = {cross_entropy, cross_entropy_gradient};

}  // namespace abax::ABAX_LEVEL
