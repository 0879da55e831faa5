// Which SIMD levels this machine runs, and which one is used.
#include "core/base/level.h"

#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

// The compiler's builtins also ask the operating system whether it saves the wide registers.
std::vector<Level> detect() {
  __builtin_cpu_init();
  std::vector<Level> levels{Level::sse2};  // part of x86-64
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return levels;
  levels.push_back(Level::avx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    levels.push_back(Level::avx512);
  return levels;
}

}  // namespace

std::string_view name_of(Level level) {
  switch (level) {
    case Level::sse2:
      return "sse2";
    case Level::avx2:
      return "avx2";
    case Level::avx512:
      return "avx512";
  }
  return "?";
}

const std::vector<Level>& available_levels() {
  static const std::vector<Level> levels = detect();
  return levels;
}

Level default_level() {
  const char* forced = std::getenv("ABAX_SIMD");
  if (!forced || !*forced) return available_levels().back();
  for (const Level level : {Level::sse2, Level::avx2, Level::avx512}) {
    if (name_of(level) != forced) continue;
    if (!std::ranges::count(available_levels(), level))
      throw UsageError(str_cat("ABAX_SIMD asks for ", forced,
                               ", which this machine lacks; its best is ",
                               name_of(available_levels().back())));
    return level;
  }
  throw UsageError(str_cat("ABAX_SIMD is '", forced, "'; it may be sse2, avx2 or avx512"));
}

}  // namespace abax
