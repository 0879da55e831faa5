// The SIMD level, chosen at run time: one binary holds the kernels of every level.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace abax {

enum class Level : unsigned char { sse2, avx2, avx512 };  // in rising order
inline constexpr std::size_t level_count = 3;

std::string_view name_of(Level level);

/// The one of the three that is of `level`: of functions, or of tables of functions, that were
/// compiled once a level.
///
///     const auto kernel = at_level(signature.level, sse2::scale, avx2::scale, avx512::scale);
template <class T>
constexpr T at_level(Level level, T sse2, T avx2, T avx512) {
  return level == Level::avx512 ? avx512 : level == Level::avx2 ? avx2 : sse2;
}

/// The levels that this machine and its operating system can run, lowest first.
const std::vector<Level>& available_levels();

/// The best available level, or the one that the environment variable ABAX_SIMD names ("sse2",
/// "avx2", "avx512"). Throws UsageError where that is unknown or this machine lacks it.
Level default_level();

}  // namespace abax
