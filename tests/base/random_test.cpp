// Philox against the published known-answer vectors, stream keys, and the distribution of draws.
#include "core/base/random.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <vector>

#include "core/base/error.h"

namespace abax {

// The vectors of "philox4x32 10" in kat_vectors of Random123 (Salmon et al. 2011).
TEST_CASE("philox: known answers") {
  using Words = std::array<std::uint32_t, 4>;
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("random: keys differ in every part, and in where the parts end") {
  std::set<std::uint64_t> keys;
  for (const std::uint64_t seed : {0, 1, 2})
    for (const char* label : {"", "train", "evaluate"})
      for (const char* name : {"", "a", "b", "dropout", "dropout.1"})
        keys.insert(stream_key(seed, label, name));
  CHECK(keys.size() == 45);
  CHECK(stream_key(1, "ab", "c") != stream_key(1, "a", "bc"));
  CHECK(stream_key(1, "train", "x") == stream_key(1, "train", "x"));
}

TEST_CASE("random: the sequence is the counter's words in order; the run changes it") {
  Random random(0x299f31d0a4093822u, 0x0370734413198a2eu);
  const auto first = philox({0, 0, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0});
  const auto second = philox({1, 0, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0});
  for (const std::uint32_t word : first) CHECK(random.next() == word);
  for (const std::uint32_t word : second) CHECK(random.next() == word);
  CHECK(Random(1, 0).next() != Random(1, 1).next());
  CHECK(Random(1).next() != Random(2).next());
}

TEST_CASE("random: uniform numbers stay in [0, 1) and have the moments") {
  CHECK(uniform01(0) == 0.f);
  CHECK(uniform01(0xffffffff) < 1.f);
  Random random(7);
  double sum = 0, squares = 0;
  const int n = 100000;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform();
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    sum += u;
    squares += u * u;
  }
  CHECK(std::abs(sum / n - 0.5) < 0.004);  // 4.4 standard errors
  CHECK(std::abs(squares / n - 1.0 / 3) < 0.004);
}

TEST_CASE("random: normal numbers are Box and Muller's, and have the moments") {
  Random random(11), uniforms(11);
  double sum = 0, squares = 0, fourth = 0;
  int beyond2 = 0;
  const int n = 100000;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    const double u = 1 - uniforms.uniform(), v = uniforms.uniform();
    REQUIRE(x ==
            doctest::Approx(std::sqrt(-2 * std::log(u)) * std::cos(2 * M_PI * v)).epsilon(1e-12));
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
    beyond2 += std::abs(x) > 2;
  }
  CHECK(std::abs(sum / n) < 0.014);
  CHECK(std::abs(squares / n - 1) < 0.02);
  CHECK(std::abs(fourth / n - 3) < 0.14);
  CHECK(std::abs(beyond2 / double(n) - 0.0455) < 0.003);
}

TEST_CASE("random: below is fair and refuses what is not positive") {
  Random random(3);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[static_cast<std::size_t>(random.below(7))];
  for (const int count : counts) CHECK(std::abs(count - 10000) < 420);
  CHECK(random.below(1) == 0);
  for (int i = 0; i < 100; ++i) {
    const std::int64_t big = random.below(INT64_MAX);
    CHECK(big >= 0);
    CHECK(big < INT64_MAX);
  }
  CHECK_THROWS_AS(random.below(0), UsageError);
}

}  // namespace abax
