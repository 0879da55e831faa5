// Kernels of ops/update.h: one pass over a piece of a parameter and its state. Each output may be
// the memory of the input that it renews.
#pragma once

#include <cstdint>

namespace abax {

struct SgdStep {
  float gradient_scale, decay, momentum, learning_rate;
};

struct AdamStep {
  float gradient_scale;
  float l2;          // times the parameter, added to the gradient
  float keep;        // multiplies the parameter: 1 - rate * decoupled decay
  float beta1_rest;  // 1 - beta1
  float beta2;
  float beta2_rest;    // 1 - beta2
  float rate;          // learning rate / (1 - beta1^step)
  float inverse_root;  // 1 / sqrt(1 - beta2^step)
  float epsilon;
};

struct UpdateKernels {
  void (*sgd)(const SgdStep& step, const float* parameter, const float* gradient,
              float* new_parameter, std::int64_t count);
  void (*sgd_momentum)(const SgdStep& step, bool nesterov, const float* parameter,
                       const float* gradient, const float* velocity, float* new_parameter,
                       float* new_velocity, std::int64_t count);
  void (*adam)(const AdamStep& step, const float* parameter, const float* gradient,
               const float* first, const float* second, float* new_parameter, float* new_first,
               float* new_second, std::int64_t count);
  /// The sum of the squares: of each 1,024 in f32, of these sums in double.
  double (*sum_squares)(const float* x, std::int64_t count);
};

}  // namespace abax
