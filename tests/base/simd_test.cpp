// The helpers of simd.h at each level: partial loads and stores touch nothing beyond, fma rounds
// once where the level has it, sums of lanes have a fixed order, comparisons with NaN.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "core/base/random.h"
#include "tests/base/test_kernels.h"

namespace abax {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

template <class T>
void check_tail(TileFunction function, std::int64_t count, std::size_t operands, auto expected) {
  // The operands end where the page does not matter but the sentinels do.
  std::vector<std::vector<T>> in(operands, std::vector<T>(static_cast<std::size_t>(count)));
  Random random(5);
  for (auto& operand : in)
    for (T& x : operand) x = static_cast<T>(random.below(100));
  std::vector<const void*> pointers;
  for (auto& operand : in) pointers.push_back(operand.data());
  std::vector<T> out(static_cast<std::size_t>(count) + 64, T(77));
  function(out.data() + 32, pointers.data(), nullptr, count);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const bool inside = i >= 32 && i < 32 + static_cast<std::size_t>(count);
    CHECK(out[i] == (inside ? expected(in, i - 32) : T(77)));
  }
}

float apply(TileFunction function, std::vector<float> operands) {
  std::vector<const void*> in;
  for (const float& operand : operands) in.push_back(&operand);
  float out = 0;
  function(&out, in.data(), nullptr, 1);
  return out;
}

}  // namespace

TEST_CASE("simd: tails of every length, of floats and bytes, write nothing beyond") {
  for (const Level level : available_levels()) {
    const TestKernels& kernels = test_kernels(level);
    CHECK(kernels.width == (level == Level::sse2 ? 4 : level == Level::avx2 ? 8 : 16));
    for (std::int64_t count = 0; count <= 2 * kernels.width + 1; ++count) {
      check_tail<float>(kernels.sub, count, 2,
                        [](const auto& in, std::size_t i) { return in[0][i] - in[1][i]; });
      check_tail<std::uint8_t>(kernels.invert, count, 1, [](const auto& in, std::size_t i) {
        return static_cast<std::uint8_t>(255 - in[0][i]);
      });
    }
  }
}

TEST_CASE("simd: fma rounds once at avx2 and avx512, twice at sse2") {
  const float a = 1 + 0x1p-12f, c = -1 - 0x1p-11f;  // a a = 1 + 2^-11 + 2^-24
  for (const Level level : available_levels()) {
    const float expected = level == Level::sse2 ? 0.f : 0x1p-24f;
    CHECK(apply(test_kernels(level).fma, {a, a, c}) == expected);
    CHECK(apply(test_kernels(level).fnma, {a, a, -c}) == -expected);
  }
}

TEST_CASE("simd: the lesser and greater, with NaN the second; roots and magnitudes") {
  for (const Level level : available_levels()) {
    const TestKernels& kernels = test_kernels(level);
    CHECK(apply(kernels.min, {1, 2}) == 1);
    CHECK(apply(kernels.max, {1, 2}) == 2);
    CHECK(apply(kernels.max, {nan, 2}) == 2);
    CHECK(std::isnan(apply(kernels.max, {2, nan})));
    CHECK(apply(kernels.min, {nan, 2}) == 2);
    CHECK(std::isnan(apply(kernels.min, {2, nan})));
    CHECK(apply(kernels.sqrt, {2.f}) == std::sqrt(2.f));
    CHECK(std::isnan(apply(kernels.sqrt, {-1.f})));
    CHECK(apply(kernels.abs, {-3.f}) == 3);
    CHECK(std::isnan(apply(kernels.abs, {nan})));
    CHECK_FALSE(std::signbit(apply(kernels.abs, {-0.f})));
  }
}

TEST_CASE("simd: the sum of lanes adds halves until one is left") {
  Random random(9);
  for (const Level level : available_levels()) {
    const TestKernels& kernels = test_kernels(level);
    for (int repeat = 0; repeat < 100; ++repeat) {
      std::vector<float> x(static_cast<std::size_t>(kernels.width));
      for (float& lane : x) lane = static_cast<float>(random.normal());
      CHECK(kernels.greatest_lane(x.data()) == *std::ranges::max_element(x));
      std::vector<float> halves = x;
      while (halves.size() > 1) {
        const std::size_t half = halves.size() / 2;
        for (std::size_t i = 0; i < half; ++i) halves[i] += halves[i + half];
        halves.resize(half);
      }
      CHECK(kernels.sum_lanes(x.data()) == halves[0]);
    }
  }
}

TEST_CASE("simd: numbers become integers towards zero; bytes become truth values") {
  for (const Level level : available_levels()) {
    const TestKernels& kernels = test_kernels(level);
    const std::vector<float> x{1.9f, -1.9f, 0.5f, -0.f, 1e9f, 16777216.f, 2.5f};
    std::vector<std::int32_t> y(x.size());
    const void* in[] = {x.data()};
    kernels.truncate(y.data(), in, nullptr, 7);
    CHECK(y == std::vector<std::int32_t>{1, -1, 0, 0, 1000000000, 16777216, 2});
    const std::vector<std::uint8_t> condition{0, 1, 255, 128, 0};
    const std::vector<float> yes(5, 1.f), no(5, 2.f);
    std::vector<float> chosen(5);
    const void* select[] = {condition.data(), yes.data(), no.data()};
    kernels.select(chosen.data(), select, nullptr, 5);
    CHECK(chosen == std::vector<float>{2, 1, 1, 1, 2});
  }
}

}  // namespace abax
