// What tasks have in common.
#include "tools/tasks/task.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "core/base/text.h"
#include "core/io/file.h"
#include "models/training/learner.h"

namespace abax {

bool ScoreOptions::wants(std::initializer_list<const char*> names) const {
  return wanted.empty() || std::ranges::find(names, wanted) != names.end();
}

Results Task::results(const Evaluation& evaluation) const {
  Results results{{"loss", evaluation.loss.mean()}};
  if (has_perplexity()) results["perplexity"] = std::exp(evaluation.loss.mean());
  for (const auto& [name, tally] : evaluation.metrics) results[name] = tally.mean();
  return results;
}

Json::Object kl_of_latents(const Evaluation& evaluation) {
  const auto found = evaluation.statistics.find("kl_per_latent");
  if (found == evaluation.statistics.end()) return {};
  Json::Array values;
  for (const double sum : found->second) values.emplace_back(sum / evaluation.loss.count);
  return {{"kl_per_latent", std::move(values)}};
}

std::string fingerprint(const data::BatchSource& source) {
  std::uint64_t hash = 0;
  data::Batch batch;
  for (std::int64_t position = 0; position < source.batches(); ++position) {
    source.fill(position, batch);
    std::string hashes = hash_text(hash);
    for (const auto& [name, tensor] : batch.inputs) {
      const std::string_view bytes(static_cast<const char*>(tensor.data()), tensor.bytes());
      hashes += name + hash_text(summary_of(bytes).hash);
    }
    hash = summary_of(hashes).hash;
  }
  return hash_text(hash);
}

std::string Task::fingerprint(Part part) const {
  const data::BatchSource* const data = source(part);
  return data ? abax::fingerprint(*data) : "";
}

std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), 1, ',');
  return digits;
}

namespace {

template <class T>
std::string shortest(T number) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
}

}  // namespace

std::string exact(double number) { return shortest(number); }
std::string exact(float number) { return shortest(number); }

std::string joined(const std::vector<std::string>& lines) {
  std::string result;
  for (const std::string& line : lines) result += line + "\n";
  return result;
}

std::string file_name(const std::string& path) {
  return path == "-" ? "standard input" : std::filesystem::path(path).filename().string();
}

}  // namespace abax
