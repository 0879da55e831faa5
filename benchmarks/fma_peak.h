// The rate of fused multiply-adds that one core of this machine reaches, measured.
#pragma once

#include <cstdint>

#include "core/base/level.h"

namespace abax::benchmarks {

/// Runs `steps` steps of independent chains of multiply-adds in registers; returns the FLOP done.
/// `sink` takes the sum, so that nothing is left out.
double run_fma_chains(Level level, std::int64_t steps, float& sink);

}  // namespace abax::benchmarks
