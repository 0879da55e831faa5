// Dropout: the mask comes from the counter, so that it is never stored.
#include "ops/kernels/dropout.h"

#include "core/base/simd.h"
#include "ops/kernels/philox.h"

namespace abax::ABAX_LEVEL {
namespace {

void dropout(const float* x, float* y, std::int64_t first, std::int64_t count, RandomStream stream,
             std::int32_t threshold, float scale) {
  for_each_random_block(first, count, stream, [&](std::int64_t i, I words, auto lanes) {
    const I kept = bits(load(x + i, lanes) * F(scale));
    store(y + i, from_bits(select(upper_24(words) < I(threshold), I(0), kept)), lanes);
  });
}

}  // namespace

extern const DropoutKernels dropout_kernels;
const DropoutKernels dropout_kernels = {dropout};

}  // namespace abax::ABAX_LEVEL
