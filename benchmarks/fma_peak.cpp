// Picks the level of the multiply-add chains.
#include "benchmarks/fma_peak.h"

namespace abax {

namespace sse2 {
double fma_chains(std::int64_t steps, float* sink);
}
namespace avx2 {
double fma_chains(std::int64_t steps, float* sink);
}
namespace avx512 {
double fma_chains(std::int64_t steps, float* sink);
}

namespace benchmarks {

double run_fma_chains(Level level, std::int64_t steps, float& sink) {
  if (level == Level::avx512) return avx512::fma_chains(steps, &sink);
  if (level == Level::avx2) return avx2::fma_chains(steps, &sink);
  return sse2::fma_chains(steps, &sink);
}

}  // namespace benchmarks
}  // namespace abax
