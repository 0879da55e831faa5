// Learning-rate schedules: pure functions of the step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/settings/fields.h"

namespace abax {

struct LearningRateSchedule {
  std::string shape = "constant";  // "constant", "cosine", "linear" or "inverse-root"
  float peak = 1e-3f;              // the learning rate after the warm-up
  float final = 0;                 // at the last step, of cosine and linear
  std::int64_t warmup = 0;         // steps that rise linearly to the peak
  std::int64_t steps = 0;          // of the whole run; cosine and linear need it
};
/// Of all but `steps`, which the run says.
void fields(Fields& f, LearningRateSchedule& schedule);

/// The learning rate of `step`, counted from 0. In the warm-up it is peak (step + 1) / warmup;
/// after it, over p from 0 to 1: cosine: final + (peak - final) (1 + cos(pi p)) / 2 (Loshchilov and
/// Hutter 2017, eq. 5); linear: peak + (final - peak) p, staying beyond the last step;
/// inverse-root: peak sqrt(warmup / (step + 1)) (Vaswani et al. 2017, eq. 3), a warm-up of 0
/// counting as 1. Throws UsageError on an unknown shape, negative numbers, and on
/// cosine and linear without `steps`.
float learning_rate(const LearningRateSchedule& schedule, std::int64_t step);

/// The names of the shapes, for help and messages.
const std::vector<std::string>& schedule_shapes();

}  // namespace abax
