// Batches to updates.
#include "models/training/fit.h"

#include <cmath>
#include <string>
#include <utility>

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

void check(const Learner& learner, const FitOptions& o) {
  if (o.first < 0 || o.steps < o.first)
    throw UsageError(str_cat("fit: expected steps from ", o.first, " on, got steps to ", o.steps));
  if (o.batches_a_step < 1 || (o.batches_a_step > 1 && !learner.accumulates()))
    throw UsageError(str_cat("fit: ", o.batches_a_step, " batches a step ",
                             o.batches_a_step < 1 ? "are none" : "need LearnerConfig::accumulate"));
}

Scalars scalars_of(const Learner& learner, const FitOptions& o, std::int64_t step) {
  Scalars scalars;
  if (o.schedule) scalars = o.schedule(step);
  for (const auto& [name, value] : scalars)
    if (!learner.reads(name)) {
      const std::string nearest = nearest_name(name, learner.scalars());
      throw UsageError(str_cat("fit: the schedule sets '", name, "', which no training plan reads",
                               nearest.empty() ? "" : str_cat("; did you mean '", nearest, "'?")));
    }
  const float rate = scalars.emplace("learning_rate", o.learning_rate).first->second;
  if (!(rate >= 0 && std::isfinite(rate)))
    throw UsageError(str_cat("fit: the learning rate of step ", step,
                             " is a finite number of at least 0, not ", rate));
  return scalars;
}

}  // namespace

std::int64_t fit(Learner& learner, const data::BatchSource& source, const FitOptions& o,
                 SourceLocation where) {
  called_from(where, [&] { check(learner, o); });
  data::Batch batch;
  for (std::int64_t step = o.first; step < o.steps; ++step) {
    if (o.stop.stop_requested()) return step;
    const Scalars scalars = scalars_of(learner, o, step);
    Evaluation sum;
    for (std::int64_t i = 0; i < o.batches_a_step; ++i) {
      source.fill(step * o.batches_a_step + i, batch);
      sum.add(learner.learn(batch, scalars));
    }
    if (learner.accumulates()) learner.apply(scalars);
    const FitProgress progress{step + 1, o.steps, sum, learner.gradient_norm()};
    if (o.on_step && !o.on_step(progress)) return step + 1;
  }
  return o.steps;
}

}  // namespace abax
