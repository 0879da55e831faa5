// Counter-based random numbers: element i of a stream is a pure function of (key, run, i).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace abax {

/// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.3):
/// four random words for a 128-bit counter and a 64-bit key.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key);

/// The key of a stream of random numbers: of a seed and names (plan label, scoped name), so that
/// adding a stream elsewhere changes no other.
std::uint64_t stream_key(std::uint64_t seed, std::string_view label, std::string_view name);

/// A float in [0, 1) with 24 random bits.
inline float uniform01(std::uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

/// A generator for sequential use (shuffling, sampling, initialisers), over the same function.
class Random {
 public:
  explicit Random(std::uint64_t key, std::uint64_t run = 0) : key_(key), run_(run) {}

  std::uint32_t next();
  /// In [0, 1), with 53 random bits.
  double uniform();
  /// Standard normal (Box and Muller 1958), computed in double and the same on every machine.
  double normal();
  /// In [0, n), without bias. Throws UsageError where n is not positive.
  std::int64_t below(std::int64_t n);

 private:
  std::uint64_t key_;
  std::uint64_t run_;
  std::uint64_t counter_ = 0;
  std::array<std::uint32_t, 4> words_{};
  int left_ = 0;
};

}  // namespace abax
