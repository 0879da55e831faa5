// Functions of SIMD registers, for kernel sources: exp, log, tanh, sigmoid, softplus, erf. The
// same ones in every kernel, so that fused and composed forms agree.
//
// The errors beside them are the greatest seen against double, in units of the last place of the
// exact result (ulp), at any level; tests/base/simd_math_test.cpp measures them. NaN gives NaN. The
// polynomials are minimax fits (Remez) of relative error below 2^-26.
#pragma once

#include <limits>

#include "core/base/simd.h"

namespace abax::ABAX_LEVEL {
namespace {

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

// x = n ln 2 + r with |r| <= ln 2 / 2, for |x| < 2^21.
struct Reduced {
  I n_bits;  // n in the upper nine bits: what is added to a float's bits to multiply it by 2^n
  F r;
};
inline Reduced reduce_exp(F x) {
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
  const F shifted = fma(x, F(1.44269504f), F(12582912.f));
  const F n = shifted - F(12582912.f);
  // ln 2 in two parts, the first short enough for exact products.
  F r = fnma(n, F(0.693145752f), x);
  r = fnma(n, F(1.42860677e-6f), r);
  return {bits(shifted) << 23, r};
}

// e^r - 1 for |r| <= ln 2 / 2.
inline F expm1_reduced(F r) {
  F p = fma(F(0.00138825108f), r, F(0.00836658012f));
  p = fma(p, r, F(0.0416672006f));
  p = fma(p, r, F(0.166665435f));
  p = fma(p, r, F(0.499999970f));
  return fma(r * r, p, r);
}

/// e^x: 1.1 ulp. Results below the least normal number are 0 (x < -87.33), not denormal: those
/// cost hundreds of cycles each. exp(-inf) = 0; infinite from x = 88.7228 on.
inline F exp(F x) {
  const Reduced reduced = reduce_exp(x);
  const F y = from_bits(bits(F(1.f) + expm1_reduced(reduced.r)) + reduced.n_bits);
  const F small = select(x < F(-87.33f), F(0.f), y);
  return select(x <= F(88.72283f), small, x + F(infinity));  // NaN comes here too, and stays
}

// log x for normal, finite x > 0, plus n0 ln 2.
inline F log_normal(F x, F n0) {
  // x = m 2^n with m in [sqrt(1/2), sqrt(2)).
  const I shifted = bits(x) - I(0x3f3504f3);
  const I n = shifted >> 23;
  const F f = from_bits(bits(x) - (n << 23)) - F(1.f);
  const F e = to_float(n) + n0;
  F p = fma(F(-0.0764610171f), f, F(0.127791122f));
  p = fma(p, f, F(-0.131641850f));
  p = fma(p, f, F(0.141996965f));
  p = fma(p, f, F(-0.166227654f));
  p = fma(p, f, F(0.200012922f));
  p = fma(p, f, F(-0.250008374f));
  p = fma(p, f, F(0.333333313f));
  const F square = f * f;
  F y = fma(e, F(1.42860677e-6f), square * f * p);
  y = fnma(F(0.5f), square, y);
  return fma(e, F(0.693145752f), f + y);
}

/// The natural logarithm: 1.0 ulp. log(0) = -inf, log(x < 0) = NaN, log(inf) = inf; denormal x
/// are exact.
inline F log(F x) {
  const M denormal = x < F(std::numeric_limits<float>::min());
  const F y = log_normal(select(denormal, x * F(0x1p23f), x), select(denormal, F(-23.f), F(0.f)));
  const F finite = select(x == F(infinity), x, y);
  const F outside = select(x == F(0.f), F(-infinity), F(not_a_number));
  return select(x > F(0.f), finite, outside);
}

/// 2.5 ulp; exactly odd, +-1 from |x| = 9.02 on.
inline F tanh(F x) {
  // With E = e^(2|x|) - 1: tanh |x| = E / (E + 2), accurate near 0 because E is.
  const F a = min(F(9.02f), abs(x));
  const Reduced reduced = reduce_exp(a + a);
  const F scale = from_bits(reduced.n_bits + I(0x3f800000));
  const F e = fma(scale, expm1_reduced(reduced.r), scale - F(1.f));
  return with_sign(e / (e + F(2.f)), x);
}

/// 1 / (1 + e^-x): 2.5 ulp. 0 below x = -88.72.
inline F sigmoid(F x) { return F(1.f) / (F(1.f) + exp(F(0.f) - x)); }

/// log(1 + e^x): 2.0 ulp. 0 below x = -87.33.
inline F softplus(F x) {
  const F e = exp(F(0.f) - abs(x));  // in [0, 1]
  const F u = F(1.f) + e;
  const F lost = e - (u - F(1.f));
  return max(F(0.f), x) + (log_normal(u, F(0.f)) + lost / u);
}

/// The error function, 2 / sqrt(pi) times the integral of e^-t^2 from 0 to x: 1.5 ulp; exactly odd,
/// +-1 from |x| = 3.92 on.
inline F erf(F x) {
  // Near 0: x + x q(x^2).
  const F square = x * x;
  F q = fma(F(-0.000631512899f), square, F(0.00505109457f));
  q = fma(q, square, F(-0.0268025473f));
  q = fma(q, square, F(0.112827174f));
  q = fma(q, square, F(-0.376125723f));
  q = fma(q, square, F(0.128379166f));
  const F near = fma(q, x, x);
  // Beyond 0.85: 1 - e^p(|x|), where p approximates log(erfc).
  const F a = min(F(4.f), abs(x));
  F p = fma(F(0.000202527357f), a, F(-0.00310717896f));
  p = fma(p, a, F(0.0224789754f));
  p = fma(p, a, F(-0.104448028f));
  p = fma(p, a, F(-0.636601686f));
  p = fma(p, a, F(-1.1280154f));
  p = fma(p, a, F(-0.000114703456f));
  const Reduced reduced = reduce_exp(p);
  const F rest = from_bits(bits(F(1.f) + expm1_reduced(reduced.r)) + reduced.n_bits);
  return select(abs(x) > F(0.85f), with_sign(F(1.f) - rest, x), near);  // NaN stays
}

}  // namespace
}  // namespace abax::ABAX_LEVEL
