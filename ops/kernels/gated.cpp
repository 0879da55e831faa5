// Kernel source: SwiGLU, and both its gradients in one pass.
#include "ops/kernels/gated.h"

#include "core/base/simd_math.h"
#include "core/base/tile_kernels.h"

namespace abax::ABAX_LEVEL {
namespace {

struct Swiglu {
  static F apply(F a, F b) { return a * sigmoid(a) * b; }
};

void swiglu_gradient(const float* a, const float* b, const float* dy, float* da, float* db,
                     std::int64_t count) {
  for_each_vector(count, [=](std::int64_t i, auto lanes) {
    const F x = load(a + i, lanes), up = load(b + i, lanes), slope = load(dy + i, lanes);
    const F gate = sigmoid(x);
    store(da + i, slope * up * (gate * (F(1.f) + x * (F(1.f) - gate))), lanes);
    store(db + i, slope * (x * gate), lanes);
  });
}

}  // namespace

extern const GatedKernels gated_kernels;
const GatedKernels gated_kernels = {tile<Swiglu>, swiglu_gradient};

}  // namespace abax::ABAX_LEVEL
