// Kernel source: independent chains of multiply-adds in registers, which nothing but the units'
// rate limits.
#include "core/base/simd.h"

namespace abax::ABAX_LEVEL {

double fma_chains(std::int64_t steps, float* sink) {
  // Two units with a latency of 4 or 5 cycles need 10 chains; SSE2 has 16 registers.
  constexpr int chains = 12;
  F sums[chains];
  unrolled<chains>([&](auto i) { sums[i] = F(static_cast<float>(i)); });
  const F a(0.999f), b(0.001f);
  for (std::int64_t step = 0; step < steps; ++step)
    unrolled<chains>([&](auto i) { sums[i] = fma(sums[i], a, b); });
  F total(0.f);
  unrolled<chains>([&](auto i) { total = total + sums[i]; });
  *sink = sum(total);
  return 2. * static_cast<double>(width * chains) * static_cast<double>(steps);
}

}  // namespace abax::ABAX_LEVEL
