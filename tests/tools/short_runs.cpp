// Whole training runs in small; see short_runs.h.
#include "tests/tools/short_runs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "tools/saved_run.h"
#include "tools/training/training_run.h"

namespace abax {

TrainCall run_of(const Words& arguments) {
  std::vector<const char*> argv{"train"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream answer;
  const auto call = parse_train_call(static_cast<int>(argv.size()), argv.data(), answer,
                                     [](const std::string& run) { return open_run(run).settings; });
  REQUIRE(call);
  return *call;
}

TrainCall short_run(const std::filesystem::path& out, std::int64_t steps,
                    const std::string& options) {
  Words arguments{"--steps",      std::to_string(steps),
                  "--eval-every", "100",
                  "--lr",         "0.01",
                  "--warmup",     "0",
                  "--schedule",   "constant",
                  "--threads",    "2",
                  "--quiet",      "--out",
                  out.string()};
  std::istringstream words(options);
  for (std::string word; words >> word;) arguments.push_back(word);
  return run_of(arguments);
}

TrainCall with(TrainCall call, const std::vector<std::pair<std::string, std::string>>& changes) {
  for (const auto& [field, value] : changes) set_value(call.settings, field, FieldText{value});
  return call;
}

std::filesystem::path folder_of(const TrainCall& call) { return call.settings.watch.out; }

std::string train(const TrainCall& call, int expected) {
  std::ostringstream out;
  TrainingRun run(call, out);
  CHECK(run.train() == expected);
  return out.str();
}

std::string resume(const std::filesystem::path& run, std::int64_t steps, std::int64_t threads) {
  return train(run_of({"--resume", run.string(), "--steps", std::to_string(steps), "--threads",
                       std::to_string(threads)}));
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
