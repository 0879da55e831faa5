// The functions of simd_math.h against double, over the floats of their whole range, at each level;
// and the special values.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/base/test_kernels.h"

namespace abax {
namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

// Every `stride`-th float of [low, high], both signs where the range has both.
std::vector<float> sweep(float low, float high, std::uint32_t stride = 997) {
  std::vector<float> floats{low, high};
  for (std::uint64_t word = 0; word <= 0xffffffffu; word += stride) {
    const float x = std::bit_cast<float>(static_cast<std::uint32_t>(word));
    if (x >= low && x <= high) floats.push_back(x);
  }
  return floats;
}

std::vector<float> apply(Level level, TileFunction TestKernels::*function,
                         const std::vector<float>& x) {
  std::vector<float> y(x.size());
  const void* in[] = {x.data()};
  (test_kernels(level).*function)(y.data(), in, nullptr, static_cast<std::int64_t>(x.size()));
  return y;
}

// The distance in units of the last place that the exact result has as a float.
double ulps(float got, double exact) {
  const double magnitude = std::max(std::abs(exact), double(std::numeric_limits<float>::min()));
  const double unit = std::ldexp(1.0, std::ilogb(magnitude) - 23);
  return std::abs(static_cast<double>(got) - exact) / unit;
}

// The greatest error at each level; bounded by `most`, and not by far: the documented figure is
// real.
template <class Exact>
void check_ulps(TileFunction TestKernels::*function, const std::vector<float>& x, Exact exact,
                double most) {
  std::vector<double> expected(x.size());
  std::ranges::transform(x, expected.begin(),
                         [&](float v) { return exact(static_cast<double>(v)); });
  for (const Level level : available_levels()) {
    const std::vector<float> y = apply(level, function, x);
    double greatest = 0;
    float at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double error = ulps(y[i], expected[i]);
      if (!(error <= greatest)) {
        greatest = error;
        at = x[i];
      }
    }
    INFO(name_of(level), ": ", greatest, " ulp at ", at);
    CHECK(greatest <= most);
  }
}

void check_value(TileFunction TestKernels::*function, float x, float expected) {
  for (const Level level : available_levels()) {
    const float y = apply(level, function, {x})[0];
    INFO(name_of(level), " f(", x, ") = ", y, ", not ", expected);
    CHECK((std::isnan(expected) ? std::isnan(y)
                                : y == expected && std::signbit(y) == std::signbit(expected)));
  }
}

void check_odd_and_bounded(TileFunction TestKernels::*function, const std::vector<float>& x) {
  std::vector<float> negative(x.size());
  std::ranges::transform(x, negative.begin(), [](float v) { return -v; });
  for (const Level level : available_levels()) {
    const auto y = apply(level, function, x);
    const auto of_negative = apply(level, function, negative);
    bool odd = true, bounded = true;
    for (std::size_t i = 0; i < x.size(); ++i) {
      odd = odd && of_negative[i] == -y[i];
      bounded = bounded && std::abs(y[i]) <= 1;
    }
    CHECK(odd);
    CHECK(bounded);
  }
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

}  // namespace

TEST_CASE("simd math: exp") {
  check_ulps(
      &TestKernels::exp, sweep(-87.33f, 88.7228f), [](double x) { return std::exp(x); }, 1.1);
  check_value(&TestKernels::exp, 0.f, 1.f);
  check_value(&TestKernels::exp, -0.f, 1.f);
  check_value(&TestKernels::exp, -inf, 0.f);
  check_value(&TestKernels::exp, inf, inf);
  check_value(&TestKernels::exp, nan, nan);
  check_value(&TestKernels::exp, -nan, nan);
  for (const float x : {-87.34f, -88.f, -103.f, -1e4f, -1e30f})
    check_value(&TestKernels::exp, x, 0.f);
  for (const float x : {88.73f, 89.f, 1e4f, 1e30f}) check_value(&TestKernels::exp, x, inf);
}

TEST_CASE("simd math: log") {
  const float greatest = std::numeric_limits<float>::max();
  check_ulps(
      &TestKernels::log, sweep(std::numeric_limits<float>::denorm_min(), greatest),
      [](double x) { return std::log(x); }, 1.0);
  check_ulps(
      &TestKernels::log, sweep(0.5f, 2.f, 17), [](double x) { return std::log(x); }, 1.0);
  check_value(&TestKernels::log, 1.f, 0.f);
  check_value(&TestKernels::log, 0.f, -inf);
  check_value(&TestKernels::log, -0.f, -inf);
  check_value(&TestKernels::log, inf, inf);
  for (const float x : {-1e-45f, -1.f, -inf, nan}) check_value(&TestKernels::log, x, nan);
}

TEST_CASE("simd math: tanh") {
  const auto x = sweep(-20.f, 20.f);
  check_ulps(
      &TestKernels::tanh, x, [](double v) { return std::tanh(v); }, 2.5);
  check_odd_and_bounded(&TestKernels::tanh, x);
  check_value(&TestKernels::tanh, 0.f, 0.f);
  check_value(&TestKernels::tanh, -0.f, -0.f);
  check_value(&TestKernels::tanh, inf, 1.f);
  check_value(&TestKernels::tanh, -inf, -1.f);
  check_value(&TestKernels::tanh, 1e30f, 1.f);
  check_value(&TestKernels::tanh, nan, nan);
}

TEST_CASE("simd math: sigmoid") {
  check_ulps(&TestKernels::sigmoid, sweep(-87.f, 100.f), sigmoid, 2.5);
  check_value(&TestKernels::sigmoid, 0.f, 0.5f);
  check_value(&TestKernels::sigmoid, inf, 1.f);
  check_value(&TestKernels::sigmoid, -inf, 0.f);
  check_value(&TestKernels::sigmoid, nan, nan);
}

TEST_CASE("simd math: softplus") {
  check_ulps(&TestKernels::softplus, sweep(-87.f, 1e10f), softplus, 2.0);
  check_value(&TestKernels::softplus, inf, inf);
  check_value(&TestKernels::softplus, -inf, 0.f);
  check_value(&TestKernels::softplus, nan, nan);
}

TEST_CASE("simd math: erf") {
  const auto x = sweep(-5.f, 5.f);
  check_ulps(
      &TestKernels::erf, x, [](double v) { return std::erf(v); }, 1.5);
  check_ulps(
      &TestKernels::erf, sweep(0.8f, 0.9f, 7), [](double v) { return std::erf(v); }, 1.5);
  check_odd_and_bounded(&TestKernels::erf, x);
  check_value(&TestKernels::erf, 0.f, 0.f);
  check_value(&TestKernels::erf, -0.f, -0.f);
  for (const float one : {3.92f, 4.f, 5.f, 1e30f, inf}) {
    check_value(&TestKernels::erf, one, 1.f);
    check_value(&TestKernels::erf, -one, -1.f);
  }
  check_value(&TestKernels::erf, nan, nan);
}

}  // namespace abax
