// SIMD registers of the level that the including source is compiled for: the only file that names
// xsimd.
//
// Included by kernel sources alone; they are compiled once a level, with ABAX_LEVEL=sse2, avx2 or
// avx512 defined, and put everything they define into namespace abax::ABAX_LEVEL, in an unnamed
// namespace or with external linkage and plain types: no two levels may share a weak symbol.
#pragma once

#include <cstdint>
#include <xsimd/xsimd.hpp>

namespace abax::ABAX_LEVEL {
namespace {

using F = xsimd::batch<float>;  // 4, 8 or 16 floats
using I = xsimd::batch<std::int32_t>;
inline constexpr std::int64_t width = static_cast<std::int64_t>(F::size);

}  // namespace
}  // namespace abax::ABAX_LEVEL
