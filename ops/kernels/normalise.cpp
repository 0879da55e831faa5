// Softmax, log-softmax and layer normalisation of contiguous rows.
#include "ops/kernels/normalise.h"

#include <math.h>

#include "core/base/simd.h"
#include "core/base/simd_math.h"
#include "ops/kernels/rows.h"

namespace abax::ABAX_LEVEL {
namespace {

void fill(float* y, std::int64_t size, float value) {
  for (std::int64_t i = 0; i < size; ++i) y[i] = value;
}

/// `value` for a row of minus infinities, NaN where there is a NaN among them.
float masked(const float* x, std::int64_t size, float value) {
  for (std::int64_t i = 0; i < size; ++i)
    if (x[i] != x[i]) return NAN;
  return value;
}

void softmax(const float* x, float* y, std::int64_t rows, std::int64_t size) {
  for (; rows > 0; --rows, x += size, y += size) {
    const float top = row_max(x, size);
    if (top == -INFINITY) {
      fill(y, size, masked(x, size, 0));
      continue;
    }
    const F shift(top);
    const float sum = row_sum(size, [&](std::int64_t i, auto lanes) {
      const F e = exp(load_or(x + i, lanes, -INFINITY) - shift);
      store(y + i, e, lanes);
      return e;
    });
    const F scale(1 / sum);
    for_each_vector(
        size, [&](std::int64_t i, auto lanes) { store(y + i, load(y + i, lanes) * scale, lanes); });
  }
}

void softmax_gradient(const float* y, const float* dy, float* dx, std::int64_t rows,
                      std::int64_t size) {
  for (; rows > 0; --rows, y += size, dy += size, dx += size) {
    const F dot(row_sum(size, [&](std::int64_t i, auto lanes) {
      return load(y + i, lanes) * load(dy + i, lanes);
    }));
    for_each_vector(size, [&](std::int64_t i, auto lanes) {
      store(dx + i, (load(dy + i, lanes) - dot) * load(y + i, lanes), lanes);
    });
  }
}

void log_softmax(const float* x, float* y, std::int64_t rows, std::int64_t size) {
  for (; rows > 0; --rows, x += size, y += size) {
    const float top = row_max(x, size);
    if (top == -INFINITY) {
      fill(y, size, masked(x, size, -INFINITY));
      continue;
    }
    // x - max first: its error is relative to the distance from the maximum, not to x.
    const F shift(top);
    const F rest(static_cast<float>(::log(double{row_sum_exp(x, top, size)})));
    for_each_vector(size, [&](std::int64_t i, auto lanes) {
      store(y + i, (load(x + i, lanes) - shift) - rest, lanes);
    });
  }
}

void log_softmax_gradient(const float* y, const float* dy, float* dx, std::int64_t rows,
                          std::int64_t size) {
  for (; rows > 0; --rows, y += size, dy += size, dx += size) {
    const F sum(row_sum(size, [&](std::int64_t i, auto lanes) { return load(dy + i, lanes); }));
    for_each_vector(size, [&](std::int64_t i, auto lanes) {
      const F p = exp(load(y + i, lanes));
      store(dx + i, load(dy + i, lanes) - p * sum, lanes);
    });
  }
}

void layer_norm(const float* x, const float* scale, const float* shift, float epsilon, float* y,
                float* mean, float* inverse, std::int64_t rows, std::int64_t size) {
  for (; rows > 0; --rows, x += size, y += size, ++mean, ++inverse) {
    const float count = size > 0 ? static_cast<float>(size) : 1.f;
    *mean = row_sum(size, [&](std::int64_t i, auto lanes) { return load(x + i, lanes); }) / count;
    const F middle(*mean);
    // The squares of the differences from the mean, not the mean of the squares: no cancellation.
    const float variance = row_sum(size,
                                   [&](std::int64_t i, auto lanes) {
                                     const F d = load_or(x + i, lanes, *mean) - middle;
                                     return d * d;
                                   }) /
                           count;
    *inverse = static_cast<float>(1 / ::sqrt(double{variance} + double{epsilon}));
    const F factor(*inverse);
    for_each_vector(size, [&](std::int64_t i, auto lanes) {
      const F normalised = (load(x + i, lanes) - middle) * factor;
      store(y + i, fma(normalised, load(scale + i, lanes), load(shift + i, lanes)), lanes);
    });
  }
}

// With h the normalised row and g = dy * scale: dx = (g - mean(g) - h * mean(g * h)) * inverse.
void layer_norm_gradient(const float* x, const float* scale, const float* mean,
                         const float* inverse, const float* dy, float* dx, float* dscale,
                         float* dshift, std::int64_t rows, std::int64_t size) {
  fill(dscale, size, 0);
  fill(dshift, size, 0);
  for (; rows > 0; --rows, x += size, dy += size, dx += size, ++mean, ++inverse) {
    const F middle(*mean), factor(*inverse);
    F sum_g(0.f), sum_gh(0.f);
    for_each_vector(size, [&](std::int64_t i, auto lanes) {
      const F h = (load_or(x + i, lanes, *mean) - middle) * factor;
      const F d = load(dy + i, lanes);
      const F g = d * load(scale + i, lanes);
      sum_g += g;
      sum_gh = fma(g, h, sum_gh);
      store(dscale + i, fma(d, h, load(dscale + i, lanes)), lanes);
      store(dshift + i, load(dshift + i, lanes) + d, lanes);
    });
    const float count = static_cast<float>(size);
    const F mean_g(sum(sum_g) / count), mean_gh(sum(sum_gh) / count);
    for_each_vector(size, [&](std::int64_t i, auto lanes) {
      const F h = (load(x + i, lanes) - middle) * factor;
      const F g = load(dy + i, lanes) * load(scale + i, lanes);
      store(dx + i, (g - mean_g - h * mean_gh) * factor, lanes);
    });
  }
}

void add_parts(const float* parts, std::int64_t count, std::int64_t stride, float* sum,
               std::int64_t size) {
  for_each_vector(size, [&](std::int64_t i, auto lanes) {
    F total(0.f);
    for (std::int64_t part = 0; part < count; ++part)
      total += load(parts + part * stride + i, lanes);
    store(sum + i, total, lanes);
  });
}

}  // namespace

extern const NormaliseKernels normalise_kernels;
const NormaliseKernels normalise_kernels = {
    softmax,    softmax_gradient,    log_softmax, log_softmax_gradient,
    layer_norm, layer_norm_gradient, add_parts};

}  // namespace abax::ABAX_LEVEL
