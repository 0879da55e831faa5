// What a trained model is worth: a pass over test data, further scores, the log-probability of
// lines.
#pragma once

#include <iosfwd>
#include <string>

#include "models/settings/fields.h"
#include "tools/tasks/task.h"

namespace abax {

struct RunContext;

/// What evaluate takes of a run.
struct EvaluationSettings {
  /// Those of the options that the task reads; null where it reads none.
  void (*option_fields)(Fields& f, ScoreOptions& options) = nullptr;
  ScoreOptions options = {};
  Words data = {};
  std::string json = {};
  std::string score = {};
};
void fields(Fields& f, EvaluationSettings& s);

/// Prints the results, and writes what is asked for. Throws DivergedError where the loss is no
/// number.
void evaluate_run(const AnySettings& settings, RunContext& context, std::ostream& out);

}  // namespace abax
