// Arithmetic of sizes, with which work and memory are cut. Kernel sources may use it too: always
// inline, it leaves no symbols that levels could share.
#pragma once

#include <cstdint>

namespace abax {

[[gnu::always_inline]] constexpr std::int64_t least(std::int64_t a, std::int64_t b) {
  return a < b ? a : b;
}
/// How many `each` cover `total`.
[[gnu::always_inline]] constexpr std::int64_t ceil_div(std::int64_t total, std::int64_t each) {
  return (total + each - 1) / each;
}
/// The least multiple of `to` that is not below x.
[[gnu::always_inline]] constexpr std::int64_t round_up(std::int64_t x, std::int64_t to) {
  return ceil_div(x, to) * to;
}
/// The first of `count` things that part `part` of `parts` takes; the end is the next one's first.
/// The parts are as even as can be.
[[gnu::always_inline]] constexpr std::int64_t part_begin(std::int64_t count, std::int64_t parts,
                                                         std::int64_t part) {
  return count * part / parts;
}

}  // namespace abax
