// Whole training runs in small; see short_runs.h.
#include "tests/tools/short_runs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "tools/saved_run.h"
#include "tools/training/training_run.h"

namespace abax {

TrainOptions short_run(const std::filesystem::path& out, std::int64_t steps) {
  TrainOptions o;
  o.steps = steps;
  o.eval_every = 100;
  o.lr = 0.01;
  o.schedule = "constant";
  o.threads = 2;
  o.quiet = true;
  o.out = out.string();
  return o;
}

std::string train(const TrainOptions& options, int expected) {
  std::ostringstream out;
  TrainingRun run(options, out);
  CHECK(run.train() == expected);
  return out.str();
}

void resume(const std::filesystem::path& run, std::int64_t steps, std::int64_t threads) {
  TrainOptions rest = open_run(run).options;
  rest.resume = run.string();
  rest.steps = steps;
  rest.threads = threads;
  train(rest);
}

bool equal_parameters(const std::filesystem::path& a, const std::filesystem::path& b) {
  const SavedRun left = open_run(a), right = open_run(b);
  for (const SafetensorsEntry& entry : left.checkpoint.variables().entries()) {
    if (left.checkpoint.role_of(entry) != Role::trainable) continue;
    const Tensor x = left.checkpoint.variables().read(entry.name);
    const Tensor y = right.checkpoint.variables().read(entry.name);
    if (!std::ranges::equal(x.as<float>(), y.as<float>())) return false;
  }
  return true;
}

}  // namespace abax
