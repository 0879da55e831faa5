// What tasks have in common.
#include "tools/tasks/task.h"

#include <cmath>
#include <filesystem>

#include "models/training/learner.h"

namespace abax {

Results Task::results(const Evaluation& evaluation) const {
  Results results{{"loss", evaluation.loss.mean()}};
  if (has_perplexity()) results["perplexity"] = std::exp(evaluation.loss.mean());
  for (const auto& [name, tally] : evaluation.metrics) results[name] = tally.mean();
  return results;
}

std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), 1, ',');
  return digits;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string result;
  for (const std::string& line : lines) result += line + "\n";
  return result;
}

std::string file_name(const std::string& path) {
  return path == "-" ? "standard input" : std::filesystem::path(path).filename().string();
}

}  // namespace abax
