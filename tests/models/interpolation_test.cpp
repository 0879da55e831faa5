// Codes between two items: real ones on a line, discrete ones taken over one by one.
#include "models/generation/interpolation.h"

#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "core/base/error.h"

namespace abax {

TEST_CASE("interpolation: real codes on a line, ends included") {
  const Tensor codes = interpolated_codes(Tensor::of<float>({2, 2}, {0, 1, 4, -1}), 5, 1);
  CHECK(codes.shape() == Shape{5, 2});
  const std::vector<float> expected{0, 1, 1, 0.5f, 2, 0, 3, -0.5f, 4, -1};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(codes.as<float>()[i] == expected[i]);
}

TEST_CASE("interpolation: discrete codes are taken over one by one, in an order of the seed") {
  const std::int64_t positions = 6;
  Tensor ends({2, positions}, i32);
  for (std::size_t i = 0; i < 6; ++i) {
    ends.as<std::int32_t>()[i] = static_cast<std::int32_t>(i);
    ends.as<std::int32_t>()[6 + i] = static_cast<std::int32_t>(10 + i);
  }
  std::set<std::vector<std::int32_t>> ways;
  for (const std::uint64_t seed : {1, 2, 3, 4, 1}) {
    const Tensor codes = interpolated_codes(ends, positions + 1, seed);
    std::int64_t taken = 0;
    for (std::int64_t step = 0; step <= positions; ++step) {
      std::int64_t here = 0;
      for (std::int64_t i = 0; i < positions; ++i) {
        const auto code = codes.as<std::int32_t>()[static_cast<std::size_t>(step * positions + i)];
        REQUIRE((code == i || code == 10 + i));
        here += code == 10 + i ? 1 : 0;
      }
      CHECK(here == step);
      CHECK(here >= taken);
      taken = here;
    }
    const auto all = codes.as<std::int32_t>();
    ways.emplace(all.begin(), all.end());
  }
  CHECK(ways.size() > 1);
  CHECK(ways.size() < 5);  // the same seed, the same way
}

TEST_CASE("interpolation: what is no way between two is refused") {
  CHECK_THROWS_AS(interpolated_codes(Tensor({2, 3}), 1, 1), UsageError);
  CHECK_THROWS_AS(interpolated_codes(Tensor({3, 3}), 4, 1), ShapeError);
  CHECK_THROWS_AS(interpolated_codes(Tensor({2, 3}, u8), 4, 1), ShapeError);
}

}  // namespace abax
