// Warm-up, then one of the shapes.
#include "models/training/schedules.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {

const std::vector<std::string>& schedule_shapes() {
  static const std::vector<std::string> shapes{"constant", "cosine", "linear", "inverse-root"};
  return shapes;
}

void fields(Fields& f, LearningRateSchedule& s) {
  f("lr", s.peak, "learning rate").above(0).resumable();
  f("schedule", s.shape, "the learning rate's course after the warm-up")
      .one_of(schedule_shapes())
      .resumable();
  if (s.shape == "cosine" || s.shape == "linear")
    f("final-lr", s.final, "where it ends").at_least(0).resumable();
  f("warmup", s.warmup, "steps in which the learning rate rises from 0").at_least(0).resumable();
}

float learning_rate(const LearningRateSchedule& s, std::int64_t step) {
  if (step < 0 || s.warmup < 0 || s.steps < 0)
    throw UsageError(str_cat("a learning rate is of a step, a warm-up and a run of 0 or more, not ",
                             step, ", ", s.warmup, " and ", s.steps));
  if (!(s.peak >= 0 && s.final >= 0))
    throw UsageError(str_cat("learning rates are 0 or more, not ", s.peak, " and ", s.final));
  if (s.steps < 1 && (s.shape == "cosine" || s.shape == "linear"))
    throw UsageError(str_cat("the schedule '", s.shape,
                             "' needs the steps of the whole run (LearningRateSchedule::steps)"));
  if (step < s.warmup) return s.peak * static_cast<float>(step + 1) / static_cast<float>(s.warmup);
  const auto length = static_cast<double>(std::max<std::int64_t>(1, s.steps - 1 - s.warmup));
  const double progress = std::min(1.0, static_cast<double>(step - s.warmup) / length);
  if (s.shape == "constant") return s.peak;
  if (s.shape == "inverse-root")
    return static_cast<float>(s.peak *
                              std::sqrt(static_cast<double>(std::max<std::int64_t>(1, s.warmup)) /
                                        static_cast<double>(step + 1)));
  if (s.shape == "linear") return static_cast<float>(s.peak + (s.final - s.peak) * progress);
  if (s.shape == "cosine")
    return static_cast<float>(s.final +
                              (s.peak - s.final) * (1 + std::cos(std::numbers::pi * progress)) / 2);
  throw UsageError(str_cat("there is no schedule '", s.shape,
                           "'; known are constant, cosine, linear, inverse-root"));
}

}  // namespace abax
