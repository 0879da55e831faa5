// Sampling: frequencies against probabilities, and what temperature, top-k and top-p leave.
#include "models/generation/sampling.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace abax {
namespace {

const std::array<float, 4> logits{std::log(0.1f), std::log(0.4f), std::log(0.2f), std::log(0.3f)};

std::array<double, 4> frequencies(SamplingConfig config, std::vector<std::int32_t> banned = {}) {
  Sampler sampler(config);
  sampler.ban(std::move(banned));
  Random random(stream_key(1, "test", "sampling"));
  std::array<double, 4> result{};
  constexpr int draws = 40000;
  for (int i = 0; i < draws; ++i)
    result[static_cast<std::size_t>(sampler.draw(logits, random))] += 1.0 / draws;
  return result;
}

// Of 40,000 draws a frequency's standard deviation is at most 0.0025: 0.011 is over 4 of them.
void check_near(const std::array<double, 4>& got, const std::array<double, 4>& expected) {
  for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(got[i] - expected[i]) < 0.011);
}

}  // namespace

TEST_CASE("sampling: plain draws follow the softmax") {
  check_near(frequencies({}), {0.1, 0.4, 0.2, 0.3});
}

TEST_CASE("sampling: temperature sharpens, and 0 takes the likeliest") {
  check_near(frequencies({.temperature = 0.5f}), {0.01 / 0.3, 0.16 / 0.3, 0.04 / 0.3, 0.09 / 0.3});
  check_near(frequencies({.temperature = 0}), {0, 1, 0, 0});
}

TEST_CASE("sampling: top-k keeps k classes, top-p the fewest that reach p") {
  check_near(frequencies({.top_k = 2}), {0, 4.0 / 7, 0, 3.0 / 7});
  check_near(frequencies({.top_p = 0.65f}), {0, 4.0 / 7, 0, 3.0 / 7});
  check_near(frequencies({.top_p = 0.75f}), {0, 4.0 / 9, 2.0 / 9, 3.0 / 9});
  check_near(frequencies({.top_k = 1, .top_p = 0.9f}), {0, 1, 0, 0});
}

TEST_CASE("sampling: logits of a broken model give an error, no class") {
  const float nan = std::nanf(""), infinity = INFINITY;
  Random random(1);
  for (const SamplingConfig& config : {SamplingConfig{}, SamplingConfig{.temperature = 0},
                                       SamplingConfig{.top_k = 2}, SamplingConfig{.top_p = 0.9f}}) {
    Sampler sampler(config);
    for (const std::vector<float>& broken :
         {std::vector{nan, nan, nan}, std::vector{0.f, nan, 1.f}, std::vector{-infinity, -infinity},
          std::vector{0.f, infinity}})
      CHECK_THROWS_AS(sampler.draw(broken, random), DivergedError);
    CHECK(sampler.draw(std::vector{-infinity, 3.f, -infinity}, random) == 1);
  }
}

TEST_CASE("sampling: banned classes never come, and the rest keep their shares") {
  check_near(frequencies({}, {1}), {0.1 / 0.6, 0, 0.2 / 0.6, 0.3 / 0.6});
  check_near(frequencies({.temperature = 0}, {1}), {0, 0, 0, 1});
  check_near(frequencies({.top_k = 2}, {1, 3}), {1. / 3, 0, 2. / 3, 0});
  check_near(frequencies({.top_p = 0.4f}, {1}), {0, 0, 0, 1});
  Random random(1);
  Sampler sampler({});
  sampler.ban({0, 1, 2, 3});
  CHECK_THROWS_AS(sampler.draw(logits, random), UsageError);
  sampler.ban({4});
  CHECK_THROWS_AS(sampler.draw(logits, random), UsageError);
  CHECK_THROWS_AS(sampler.ban({-1}), UsageError);
  sampler.ban({0});
  const std::array<float, 2> broken{std::nanf(""), 0};
  CHECK_THROWS_AS(sampler.draw(broken, random), DivergedError);
}

TEST_CASE("sampling: a repetition penalty makes less likely what came before, whatever its sign") {
  const std::array<float, 3> some{2, -2, 0};
  const std::vector<std::int32_t> before{0, 1, 0};
  Sampler sampler({.repetition_penalty = 2}), plain({});
  Random random(3), same(3), again(3);
  std::array<double, 3> share{}, expected{std::exp(1.), std::exp(-4.), 1};
  for (int i = 0; i < 40000; ++i)
    share[static_cast<std::size_t>(sampler.draw(some, random, before))] += 1. / 40000;
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(std::abs(share[i] - expected[i] / (expected[0] + expected[1] + expected[2])) < 0.011);
  for (int i = 0; i < 100; ++i) CHECK(plain.draw(some, same, before) == plain.draw(some, again));
  CHECK_THROWS_AS(sampler.draw(some, random, std::vector{3}), UsageError);
  CHECK_THROWS_AS(Sampler({.repetition_penalty = 0}), UsageError);
}

TEST_CASE("sampling: options out of range are refused") {
  CHECK_THROWS_AS(Sampler({.temperature = -1}), UsageError);
  CHECK_THROWS_AS(Sampler({.top_k = -1}), UsageError);
  CHECK_THROWS_AS(Sampler({.top_p = 0}), UsageError);
}

TEST_CASE("sampling: a draw from nothing is the caller's mistake, not the model's") {
  Random random(1);
  CHECK_THROWS_WITH_AS(Sampler({}).draw({}, random), doctest::Contains("got none"), UsageError);
}

}  // namespace abax
