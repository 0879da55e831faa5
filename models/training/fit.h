// A loop of training: so many steps, told step by step, stopped when asked.
//
//     Learner learner(store, {.model = settings, .train_shapes = source.shapes()}, workers);
//     fit(learner, source, {.steps = 1000, .on_step = [](const FitProgress& at) {
//       if (at.step % 100 == 0) std::cout << at.step << ": " << at.batch.loss.mean() << '\n';
//       return at.batch.loss.mean() > 0.1;   // false: enough
//     }});
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "models/data/batch.h"
#include "models/training/learner.h"

namespace abax {

/// After a step.
struct FitProgress {
  std::int64_t step;        // taken so far, FitOptions::first included
  std::int64_t steps;       // of which this is the last
  const Evaluation& batch;  // of the batches of this step
  double gradient_norm;     // before clipping
};

struct FitOptions {
  std::int64_t steps = 1000;        // updates, the `first` ones included
  std::int64_t first = 0;           // updates made before: where a run goes on
  std::int64_t batches_a_step = 1;  // more than one where the learner accumulates
  float learning_rate = 1e-3f;
  /// What follows a schedule, of a step from 0: "learning_rate", "kl_weight"; what it says of the
  /// learning rate goes before the number above. It names scalar inputs of the learner's plans.
  std::function<Scalars(std::int64_t step)> schedule = {};
  /// Called after each step; false ends the training.
  std::function<bool(const FitProgress&)> on_step = {};
  /// Ends the training after the step that is being made, from another thread or a signal's.
  std::stop_token stop = {};
};

/// Takes the batches of `source` from that of step `first` on, over as many passes as it needs.
/// Returns how many steps are taken, `first` included: fewer than `steps` where it was stopped, and
/// then a second call with that number for `first` goes on exactly. Throws UsageError on counts
/// and learning rates out of range, on a scalar of the schedule that no plan reads and where
/// batches_a_step does not fit the learner, DivergedError as Learner::learn() does, and what
/// on_step throws; then the steps before have been taken.
std::int64_t fit(Learner& learner, const data::BatchSource& source, const FitOptions& options,
                 SourceLocation where = SourceLocation::current());

}  // namespace abax
