// Kernel source: rotary positions.
#include "ops/kernels/position.h"

#include "core/base/simd.h"

namespace abax::ABAX_LEVEL {
namespace {

void rotate(const float* x, const float* angles, float sign, float* y, std::int64_t begin,
            std::int64_t end, std::int64_t repeat, std::int64_t heads, std::int64_t half) {
  const F direction(sign);
  for (std::int64_t row = begin; row < end; ++row) {
    const float* sines = angles + row / repeat * 2 * half;
    for (std::int64_t head = 0; head < heads; ++head) {
      const std::int64_t at = (row * heads + head) * 2 * half;
      for_each_vector(half, [&](std::int64_t i, auto lanes) {
        const F sine = load(sines + i, lanes) * direction;
        const F cosine = load(sines + half + i, lanes);
        const F a = load(x + at + i, lanes), b = load(x + at + half + i, lanes);
        store(y + at + i, fnma(b, sine, a * cosine), lanes);
        store(y + at + half + i, fma(a, sine, b * cosine), lanes);
      });
    }
  }
}

}  // namespace

extern const PositionKernels position_kernels;
const PositionKernels position_kernels = {.rotate = rotate};

}  // namespace abax::ABAX_LEVEL
