// SIMD registers of the level that the including source is compiled for: the only file that names
// xsimd or intrinsics.
//
// Included by kernel sources alone; they are compiled once a level, with ABAX_LEVEL=sse2, avx2 or
// avx512 defined and with the flags of kernels and of that level. They put everything they define
// into a namespace of the level's (abax::ABAX_LEVEL, or a user's my::ABAX_LEVEL), and helpers into
// an unnamed one within. What leaves them are functions and tables of functions over pointers and
// numbers; no containers, no inline functions of other headers: of a symbol that two levels share
// the linker keeps one, and older machines would run it and stop.
//
//     for_each_vector(count, [&](std::int64_t i, auto lanes) {
//       store(out + i, load(a + i, lanes) + load(b + i, lanes), lanes);
//     });
#pragma once

#ifndef ABAX_LEVEL
#error "for kernel sources, which are compiled once a level with -DABAX_LEVEL=sse2, avx2, avx512"
#endif
#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes the undefined registers that its own intrinsics start from for a user's mistake.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <immintrin.h>

#include <cstdint>
#include <cstring>
#include <utility>
#include <xsimd/xsimd.hpp>

namespace abax::ABAX_LEVEL {
namespace {

using F = xsimd::batch<float>;         // 4, 8 or 16 floats
using I = xsimd::batch<std::int32_t>;  // as many integers
using M = F::batch_bool_type;          // as many truth values, from comparing F
using MI = I::batch_bool_type;         // the same from comparing I
inline constexpr std::int64_t width = static_cast<std::int64_t>(F::size);

/// How many lanes of a register a load or store touches: all of them, or the first few.
struct Whole {};
struct Part {
  std::int64_t count;  // 1 to width - 1
};

/// Calls body(i, lanes) for i = 0, width, 2 width, ... below `count`; the last call may be partial.
/// The one place where tails are handled.
template <class Body>
[[gnu::always_inline]] inline void for_each_vector(std::int64_t count, Body&& body) {
  std::int64_t i = 0;
#pragma GCC unroll 2
  for (; i + width <= count; i += width) body(i, Whole{});
  if (i < count) body(i, Part{count - i});
}

/// Calls f(0), ..., f(n - 1), each with a constant (std::integral_constant): a loop that is
/// unrolled whatever the compiler thinks, so that arrays of registers stay registers.
template <int n, class Body>
[[gnu::always_inline]] inline void unrolled(Body&& body) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    (body(std::integral_constant<int, i>()), ...);
  }
  (std::make_integer_sequence<int, n>());
}

// Loads and stores at any address. Lanes that a partial load leaves out are 0.

inline F load(const float* from, Whole = {}) { return F::load_unaligned(from); }
inline I load(const std::int32_t* from, Whole = {}) { return I::load_unaligned(from); }
inline void store(float* to, F x, Whole = {}) { x.store_unaligned(to); }
inline void store(std::int32_t* to, I x, Whole = {}) { x.store_unaligned(to); }

#if defined(__AVX512F__)

inline __mmask16 first_lanes(Part part) { return static_cast<__mmask16>((1u << part.count) - 1); }
inline F load(const float* from, Part part) {
  return F(_mm512_maskz_loadu_ps(first_lanes(part), from));
}
inline I load(const std::int32_t* from, Part part) {
  return I(_mm512_maskz_loadu_epi32(first_lanes(part), from));
}
inline void store(float* to, F x, Part part) { _mm512_mask_storeu_ps(to, first_lanes(part), x); }
inline void store(std::int32_t* to, I x, Part part) {
  _mm512_mask_storeu_epi32(to, first_lanes(part), x);
}

/// Bytes as integers 0 to 255, and back (the low 8 bits).
inline I load(const std::uint8_t* from, Whole = {}) {
  return I(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
}
inline I load(const std::uint8_t* from, Part part) {
  return I(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(first_lanes(part), from)));
}
inline void store(std::uint8_t* to, I x, Whole = {}) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(x));
}
inline void store(std::uint8_t* to, I x, Part part) {
  _mm_mask_storeu_epi8(to, first_lanes(part), _mm512_cvtepi32_epi8(x));
}

#else

#if defined(__AVX2__)

inline __m256i first_lanes(Part part) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(part.count)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline F load(const float* from, Part part) {
  return F(_mm256_maskload_ps(from, first_lanes(part)));
}
inline I load(const std::int32_t* from, Part part) {
  return I(_mm256_maskload_epi32(from, first_lanes(part)));
}
inline void store(float* to, F x, Part part) { _mm256_maskstore_ps(to, first_lanes(part), x); }
inline void store(std::int32_t* to, I x, Part part) {
  _mm256_maskstore_epi32(to, first_lanes(part), x);
}
inline I load(const std::uint8_t* from, Whole = {}) {
  return I(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
}
inline void store(std::uint8_t* to, I x, Whole = {}) {
  const __m256i low = _mm256_and_si256(x, _mm256_set1_epi32(255));
  const __m128i words =
      _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(words, words));
}

#else

// SSE2 has no masked moves: a tail goes through a small copy.
inline F load(const float* from, Part part) {
  float copy[4] = {};
  std::memcpy(copy, from, static_cast<std::size_t>(part.count) * sizeof(float));
  return load(copy);
}
inline I load(const std::int32_t* from, Part part) {
  std::int32_t copy[4] = {};
  std::memcpy(copy, from, static_cast<std::size_t>(part.count) * sizeof(std::int32_t));
  return load(copy);
}
inline void store(float* to, F x, Part part) {
  float copy[4];
  store(copy, x);
  std::memcpy(to, copy, static_cast<std::size_t>(part.count) * sizeof(float));
}
inline void store(std::int32_t* to, I x, Part part) {
  std::int32_t copy[4];
  store(copy, x);
  std::memcpy(to, copy, static_cast<std::size_t>(part.count) * sizeof(std::int32_t));
}
inline I load(const std::uint8_t* from, Whole = {}) {
  std::int32_t bytes;
  std::memcpy(&bytes, from, sizeof bytes);
  const __m128i words = _mm_unpacklo_epi8(_mm_cvtsi32_si128(bytes), _mm_setzero_si128());
  return I(_mm_unpacklo_epi16(words, _mm_setzero_si128()));
}
inline void store(std::uint8_t* to, I x, Whole = {}) {
  const __m128i low = _mm_and_si128(x, _mm_set1_epi32(255));
  const __m128i words = _mm_packs_epi32(low, low);
  const std::int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
  std::memcpy(to, &bytes, sizeof bytes);
}

#endif

inline I load(const std::uint8_t* from, Part part) {
  std::uint8_t copy[width] = {};
  std::memcpy(copy, from, static_cast<std::size_t>(part.count));
  return load(copy);
}
inline void store(std::uint8_t* to, I x, Part part) {
  std::uint8_t copy[width];
  store(copy, x);
  std::memcpy(to, copy, static_cast<std::size_t>(part.count));
}

#endif

/// a b + c: rounded once at avx2 and avx512 (xsimd 8.1's is not, for AVX-512), twice at sse2, which
/// has no such instruction.
inline F fma(F a, F b, F c) {
#if defined(__AVX512F__)
  return F(_mm512_fmadd_ps(a, b, c));
#elif defined(__FMA__)
  return F(_mm256_fmadd_ps(a, b, c));
#else
  return a * b + c;
#endif
}
/// a * b[0] + c, rounded likewise. At AVX-512 the load is a part of the multiplication's
/// instruction: fewer to decode than a broadcast of its own, but one load for each use.
inline F fma_from(F a, const float* b, F c) {
#if defined(__AVX512F__)
  __m512 sum = c;
  asm("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(static_cast<__m512>(a)), "m"(*b));
  return F(sum);
#else
  return fma(a, F(*b), c);
#endif
}
/// c - a b, rounded likewise.
inline F fnma(F a, F b, F c) {
#if defined(__AVX512F__)
  return F(_mm512_fnmadd_ps(a, b, c));
#elif defined(__FMA__)
  return F(_mm256_fnmadd_ps(a, b, c));
#else
  return c - a * b;
#endif
}

/// The lesser and the greater; b where either is NaN.
inline F min(F a, F b) {
#if defined(__AVX512F__)
  return F(_mm512_min_ps(a, b));
#elif defined(__AVX2__)
  return F(_mm256_min_ps(a, b));
#else
  return F(_mm_min_ps(a, b));
#endif
}
inline F max(F a, F b) {
#if defined(__AVX512F__)
  return F(_mm512_max_ps(a, b));
#elif defined(__AVX2__)
  return F(_mm256_max_ps(a, b));
#else
  return F(_mm_max_ps(a, b));
#endif
}

/// The same bits as another type.
inline I bits(F x) { return __builtin_bit_cast(I, x); }
inline F from_bits(I x) { return __builtin_bit_cast(F, x); }
/// To the nearest integer, ties to even; outside 32 bits, and for NaN: -2^31.
inline I round_to_int(F x) {
#if defined(__AVX512F__)
  return I(_mm512_cvtps_epi32(x));
#elif defined(__AVX2__)
  return I(_mm256_cvtps_epi32(x));
#else
  return I(_mm_cvtps_epi32(x));
#endif
}
/// Towards zero; outside 32 bits, and for NaN: -2^31.
inline I truncate_to_int(F x) {
#if defined(__AVX512F__)
  return I(_mm512_cvttps_epi32(x));
#elif defined(__AVX2__)
  return I(_mm256_cvttps_epi32(x));
#else
  return I(_mm_cvttps_epi32(x));
#endif
}
inline F to_float(I x) {
#if defined(__AVX512F__)
  return F(_mm512_cvtepi32_ps(x));
#elif defined(__AVX2__)
  return F(_mm256_cvtepi32_ps(x));
#else
  return F(_mm_cvtepi32_ps(x));
#endif
}

/// Products of unsigned lanes, 64 bits each: their upper and lower halves.
inline void multiply_wide(I a, I b, I& high, I& low) {
#if defined(__AVX512F__)
  const __m512i even = _mm512_mul_epu32(a, b);
  const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(b, 32));
  high = I(_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd));
  low = I(_mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32)));
#elif defined(__AVX2__)
  const __m256i even = _mm256_mul_epu32(a, b);
  const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32));
  high = I(_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa));
  low = I(_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa));
#else
  const __m128i lower = _mm_set1_epi64x(0xffffffff);
  const __m128i even = _mm_mul_epu32(a, b);
  const __m128i odd = _mm_mul_epu32(_mm_srli_epi64(a, 32), _mm_srli_epi64(b, 32));
  high = I(_mm_or_si128(_mm_srli_epi64(even, 32), _mm_andnot_si128(lower, odd)));
  low = I(_mm_or_si128(_mm_and_si128(even, lower), _mm_slli_epi64(odd, 32)));
#endif
}

/// Lane by lane yes or no.
inline F select(M condition, F yes, F no) { return xsimd::select(condition, yes, no); }
inline I select(MI condition, I yes, I no) { return xsimd::select(condition, yes, no); }
/// Not a number. (xsimd 8.1's `x != x` is false for NaN at AVX: its != is an ordered comparison
/// there.)
inline M is_nan(F x) { return !(x == x); }
/// 1 where the condition holds, else 0.
inline I as_int(M condition) { return bits(select(condition, from_bits(I(1)), F(0.f))); }
inline I as_int(MI condition) { return select(condition, I(1), I(0)); }
/// Whether an integer is not 0, as a condition on floats.
inline M is_true(I x) { return to_float(x) != F(0.f); }

inline F sqrt(F x) { return xsimd::sqrt(x); }
inline F abs(F x) { return from_bits(bits(x) & I(0x7fffffff)); }
/// The magnitude of x (which is not negative) with the sign of `sign`.
inline F with_sign(F x, F sign) {
  return from_bits(bits(x) | (bits(sign) & I(static_cast<std::int32_t>(0x80000000u))));
}

#if defined(__AVX2__)
inline __m128 halves_added(__m256 x) {
  return _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
}
inline __m128 halves_greater(__m256 x) {
  return _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
}
#endif

/// The sum of all lanes: halves are added until one lane is left.
inline float sum(F x) {
#if defined(__AVX512F__)
  const __m128 quarter =
      halves_added(_mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1)));
#elif defined(__AVX2__)
  const __m128 quarter = halves_added(x);
#else
  const __m128 quarter = x;
#endif
  const __m128 half = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_shuffle_ps(half, half, 1)));
}
/// The greatest of all lanes, none of which is NaN.
inline float greatest(F x) {
#if defined(__AVX512F__)
  const __m128 quarter =
      halves_greater(_mm256_max_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1)));
#elif defined(__AVX2__)
  const __m128 quarter = halves_greater(x);
#else
  const __m128 quarter = x;
#endif
  const __m128 half = _mm_max_ps(quarter, _mm_movehl_ps(quarter, quarter));
  return _mm_cvtss_f32(_mm_max_ss(half, _mm_shuffle_ps(half, half, 1)));
}

/// Transposes 4 columns of `width` rows: out[i][j] = rows[j * row_stride + i], i < 4, j < width.
inline void load_transposed(const float* rows, std::int64_t row_stride, F (&out)[4]) {
  // Register q holds 4 floats of each of the rows q, q + 4, ..., a lane of 128 bits each; the 4x4
  // transposes within the lanes do the rest.
#if defined(__AVX512F__)
  __m512 r[4];
  unrolled<4>([&](auto q) __attribute__((always_inline)) {
    const float* row = rows + q * row_stride;
    __m512 x = _mm512_castps128_ps512(_mm_loadu_ps(row));
    x = _mm512_insertf32x4(x, _mm_loadu_ps(row + 4 * row_stride), 1);
    x = _mm512_insertf32x4(x, _mm_loadu_ps(row + 8 * row_stride), 2);
    r[q] = _mm512_insertf32x4(x, _mm_loadu_ps(row + 12 * row_stride), 3);
  });
  const __m512 a = _mm512_unpacklo_ps(r[0], r[1]), b = _mm512_unpacklo_ps(r[2], r[3]);
  const __m512 c = _mm512_unpackhi_ps(r[0], r[1]), d = _mm512_unpackhi_ps(r[2], r[3]);
  out[0] = _mm512_shuffle_ps(a, b, 0x44);
  out[1] = _mm512_shuffle_ps(a, b, 0xee);
  out[2] = _mm512_shuffle_ps(c, d, 0x44);
  out[3] = _mm512_shuffle_ps(c, d, 0xee);
#elif defined(__AVX__)
  __m256 r[4];
  unrolled<4>([&](auto q) __attribute__((always_inline)) {
    const float* row = rows + q * row_stride;
    r[q] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(row)),
                                _mm_loadu_ps(row + 4 * row_stride), 1);
  });
  const __m256 a = _mm256_unpacklo_ps(r[0], r[1]), b = _mm256_unpacklo_ps(r[2], r[3]);
  const __m256 c = _mm256_unpackhi_ps(r[0], r[1]), d = _mm256_unpackhi_ps(r[2], r[3]);
  out[0] = _mm256_shuffle_ps(a, b, 0x44);
  out[1] = _mm256_shuffle_ps(a, b, 0xee);
  out[2] = _mm256_shuffle_ps(c, d, 0x44);
  out[3] = _mm256_shuffle_ps(c, d, 0xee);
#else
  __m128 r[4];
  unrolled<4>([&](auto q) { r[q] = _mm_loadu_ps(rows + q * row_stride); });
  _MM_TRANSPOSE4_PS(r[0], r[1], r[2], r[3]);
  unrolled<4>([&](auto q) { out[q] = r[q]; });
#endif
}

/// Asks for the cache line of `p`, to the first-level cache.
inline void prefetch(const float* p) {
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0);
}
/// The same, to the second-level cache.
inline void prefetch_far(const float* p) {
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T1);
}

}  // namespace
}  // namespace abax::ABAX_LEVEL
