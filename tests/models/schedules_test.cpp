// Learning-rate schedules at their corners.
#include "models/training/schedules.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"

namespace abax {

TEST_CASE("schedule: warm-up rises to the peak") {
  const LearningRateSchedule s{.shape = "constant", .peak = 2, .warmup = 4, .steps = 10};
  CHECK(learning_rate(s, 0) == doctest::Approx(0.5));
  CHECK(learning_rate(s, 3) == doctest::Approx(2));
  CHECK(learning_rate(s, 9) == doctest::Approx(2));
}

TEST_CASE("schedule: cosine and linear end at their final rate and stay there") {
  for (const char* shape : {"cosine", "linear"}) {
    const LearningRateSchedule s{
        .shape = shape, .peak = 1, .final = 0.1f, .warmup = 2, .steps = 13};
    CHECK(learning_rate(s, 2) == doctest::Approx(1));
    CHECK(learning_rate(s, 7) == doctest::Approx(0.55));  // half-way, where both agree
    CHECK(learning_rate(s, 12) == doctest::Approx(0.1));
    CHECK(learning_rate(s, 100) == doctest::Approx(0.1));
  }
  const LearningRateSchedule cosine{.shape = "cosine", .peak = 1, .steps = 9};
  CHECK(learning_rate(cosine, 2) == doctest::Approx(0.8535533905932737));  // (1 + cos(pi/4)) / 2
}

TEST_CASE("schedule: inverse root falls from the peak at the end of the warm-up") {
  const LearningRateSchedule s{.shape = "inverse-root", .peak = 2, .warmup = 4, .steps = 100};
  CHECK(learning_rate(s, 3) == doctest::Approx(2));
  CHECK(learning_rate(s, 15) == doctest::Approx(1));
  CHECK(learning_rate(s, 63) == doctest::Approx(0.5));
}

TEST_CASE("schedule: an unknown shape is refused") {
  CHECK_THROWS_AS(learning_rate({.shape = "cosnie", .steps = 5}, 1), UsageError);
}

TEST_CASE("schedule: numbers that make no sense are refused") {
  for (const char* shape : {"cosine", "linear"})
    CHECK_THROWS_WITH_AS(learning_rate({.shape = shape}, 0),
                         doctest::Contains("LearningRateSchedule::steps"), UsageError);
  CHECK_NOTHROW(learning_rate({.shape = "inverse-root"}, 0));
  CHECK_THROWS_AS(learning_rate({}, -1), UsageError);
  CHECK_THROWS_AS(learning_rate({.warmup = -1}, 0), UsageError);
  CHECK_THROWS_AS(learning_rate({.steps = -1}, 0), UsageError);
  CHECK_THROWS_AS(learning_rate({.peak = NAN}, 0), UsageError);
  CHECK_THROWS_AS(learning_rate({.peak = -1}, 0), UsageError);
}

}  // namespace abax
