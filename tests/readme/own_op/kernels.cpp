// Kernel source: compiled once a level, with ABAX_LEVEL=sse2, avx2 and avx512.
#include "kernels.h"

#include <abax/simd.h>

namespace my::ABAX_LEVEL {
namespace {

using namespace abax::ABAX_LEVEL;  // F, a register of floats; load, store, sigmoid

struct Forward {
  static F apply(F a, F b) { return a * sigmoid(a) * b; }
};

void gradient(const float* a, const float* b, const float* dy, float* da, float* db,
              std::int64_t count) {
  for_each_vector(count, [=](std::int64_t i, auto lanes) {
    const F x = load(a + i, lanes), up = load(b + i, lanes), slope = load(dy + i, lanes);
    const F gate = sigmoid(x);
    store(da + i, slope * up * (gate * (F(1.f) + x * (F(1.f) - gate))), lanes);
    store(db + i, slope * (x * gate), lanes);
  });
}

}  // namespace

const SwigluKernels swiglu_kernels = {abax::ABAX_LEVEL::tile<Forward>, gradient, width};

}  // namespace my::ABAX_LEVEL
