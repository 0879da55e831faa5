// Kernel source: uniform and Bernoulli numbers.
#include "ops/kernels/random.h"

#include "ops/kernels/philox.h"

namespace abax::ABAX_LEVEL {
namespace {

void uniform(float* out, std::int64_t first, std::int64_t count, RandomStream stream, float low,
             float range) {
  for_each_random_block(first, count, stream, [&](std::int64_t i, I words, auto lanes) {
    const F number = to_float(upper_24(words)) * F(0x1p-24f);
    store(out + i, F(low) + F(range) * number, lanes);
  });
}

void open_uniform(float* out, std::int64_t first, std::int64_t count, RandomStream stream) {
  for_each_random_block(first, count, stream, [&](std::int64_t i, I words, auto lanes) {
    const I odd = upper_23(words) + upper_23(words) + I(1);
    store(out + i, to_float(odd) * F(0x1p-24f), lanes);
  });
}

void bernoulli(std::uint8_t* out, std::int64_t first, std::int64_t count, RandomStream stream,
               std::int32_t threshold) {
  for_each_random_block(first, count, stream, [&](std::int64_t i, I words, auto lanes) {
    store(out + i, as_int(upper_24(words) < I(threshold)), lanes);
  });
}

}  // namespace

extern const RandomKernels random_kernels;
const RandomKernels random_kernels = {
    .uniform = uniform,
    .open_uniform = open_uniform,
    .bernoulli = bernoulli,
};

}  // namespace abax::ABAX_LEVEL
