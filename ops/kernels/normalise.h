// Row kernels of ops/normalise.h. Rows are contiguous.
#pragma once

#include <cstdint>

namespace abax {

struct NormaliseKernels {
  /// y = softmax(x) a row; y may be x. A row of minus infinities gives zeros.
  void (*softmax)(const float* x, float* y, std::int64_t rows, std::int64_t size);
  /// dx = (dy - sum(dy * y)) * y a row; dx may be y or dy.
  void (*softmax_gradient)(const float* y, const float* dy, float* dx, std::int64_t rows,
                           std::int64_t size);
  /// y = x - log(sum(exp(x))) a row; y may be x.
  void (*log_softmax)(const float* x, float* y, std::int64_t rows, std::int64_t size);
  /// dx = dy - exp(y) * sum(dy) a row; dx may be y or dy.
  void (*log_softmax_gradient)(const float* y, const float* dy, float* dx, std::int64_t rows,
                               std::int64_t size);
  /// y = (x - mean) * inverse * scale + shift, inverse = 1 / sqrt(variance + epsilon); y may be x.
  void (*layer_norm)(const float* x, const float* scale, const float* shift, float epsilon,
                     float* y, float* mean, float* inverse, std::int64_t rows, std::int64_t size);
  /// dx a row (dx may be dy, or x), and the sums over these rows of dy * normalised x and of dy,
  /// which replace what dscale and dshift hold.
  void (*layer_norm_gradient)(const float* x, const float* scale, const float* mean,
                              const float* inverse, const float* dy, float* dx, float* dscale,
                              float* dshift, std::int64_t rows, std::int64_t size);
  /// sum[j] = ((part[0][j] + part[1][j]) + ...), for parts of `size` elements that lie `stride`
  /// elements apart.
  void (*add_parts)(const float* parts, std::int64_t count, std::int64_t stride, float* sum,
                    std::int64_t size);
};

}  // namespace abax
