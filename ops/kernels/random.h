// The random kernels of one SIMD level. All levels give the same bits.
#pragma once

#include <cstdint>

namespace abax {

/// Random words come in blocks of this many elements; pieces of work begin at whole blocks.
inline constexpr std::int64_t random_block = 64;

/// What the random numbers of one node in one run are a function of, besides their position.
struct RandomStream {
  std::uint64_t key;  // stream_key(seed, label, name)
  std::uint64_t run;
};

/// Elements first to first + count - 1 of a tensor go to out[0] to out[count - 1]; `first` is a
/// multiple of random_block.
struct RandomKernels {
  /// low + range * u, u in [0, 1) with 24 bits.
  void (*uniform)(float* out, std::int64_t first, std::int64_t count, RandomStream stream,
                  float low, float range);
  /// (k + 0.5) / 2^23 with 0 <= k < 2^23.
  void (*open_uniform)(float* out, std::int64_t first, std::int64_t count, RandomStream stream);
  /// 1 where a number of 24 bits is below `threshold`, else 0.
  void (*bernoulli)(std::uint8_t* out, std::int64_t first, std::int64_t count, RandomStream stream,
                    std::int32_t threshold);
};

}  // namespace abax
