// Optimiser updates and sums of squares, streaming.
#include "ops/kernels/update.h"

#include "ops/kernels/rows.h"

namespace abax::ABAX_LEVEL {
namespace {

void sgd(const SgdStep& step, const float* parameter, const float* gradient, float* new_parameter,
         std::int64_t count) {
  const F scale(step.gradient_scale), decay(step.decay), rate(step.learning_rate);
  for_each_vector(count, [&](std::int64_t i, auto lanes) {
    const F p = load(parameter + i, lanes);
    const F g = fma(p, decay, load(gradient + i, lanes) * scale);
    store(new_parameter + i, p - rate * g, lanes);
  });
}

void sgd_momentum(const SgdStep& step, bool nesterov, const float* parameter, const float* gradient,
                  const float* velocity, float* new_parameter, float* new_velocity,
                  std::int64_t count) {
  const F scale(step.gradient_scale), decay(step.decay), rate(step.learning_rate);
  const F momentum(step.momentum);
  // The direction is velocity, or g + momentum * velocity: (1 or momentum) * velocity + (0 or g).
  const F along(nesterov ? step.momentum : 1.f), straight(nesterov ? 1.f : 0.f);
  for_each_vector(count, [&](std::int64_t i, auto lanes) {
    const F p = load(parameter + i, lanes);
    const F g = fma(p, decay, load(gradient + i, lanes) * scale);
    const F v = fma(momentum, load(velocity + i, lanes), g);
    store(new_velocity + i, v, lanes);
    store(new_parameter + i, p - rate * fma(along, v, straight * g), lanes);
  });
}

void adam(const AdamStep& step, const float* parameter, const float* gradient, const float* first,
          const float* second, float* new_parameter, float* new_first, float* new_second,
          std::int64_t count) {
  const F scale(step.gradient_scale), l2(step.l2), keep(step.keep), beta1_rest(step.beta1_rest);
  const F beta2(step.beta2), beta2_rest(step.beta2_rest), rate(step.rate);
  const F inverse_root(step.inverse_root), epsilon(step.epsilon);
  for_each_vector(count, [&](std::int64_t i, auto lanes) {
    const F p = load(parameter + i, lanes);
    const F g = fma(p, l2, load(gradient + i, lanes) * scale);
    const F old_m = load(first + i, lanes);
    const F m = fma(beta1_rest, g - old_m, old_m);
    const F v = fma(beta2_rest * g, g, beta2 * load(second + i, lanes));
    const F denominator = fma(sqrt(v), inverse_root, epsilon);
    store(new_first + i, m, lanes);
    store(new_second + i, v, lanes);
    store(new_parameter + i, p * keep - rate * m / denominator, lanes);
  });
}

double sum_squares(const float* x, std::int64_t count) {
  double total = 0;
  for (std::int64_t begin = 0; begin < count; begin += 1024) {
    const std::int64_t size = count - begin < 1024 ? count - begin : 1024;
    total += double{row_sum(size, [&](std::int64_t i, auto lanes) {
      const F v = load(x + begin + i, lanes);
      return v * v;
    })};
  }
  return total;
}

}  // namespace

extern const UpdateKernels update_kernels;
const UpdateKernels update_kernels = {sgd, sgd_momentum, adam, sum_squares};

}  // namespace abax::ABAX_LEVEL
