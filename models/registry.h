// From a model's name to its builder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/language_model.h"

namespace abax {

/// A language model as tools know it: what --model takes, and what help says of it.
struct LanguageModelEntry {
  std::string name;
  std::string description;
  LanguageModel (*build)(Graph& graph, const LanguageModelConfig& config, std::int64_t time,
                         std::int64_t batch);
};

const std::vector<LanguageModelEntry>& language_models();
/// Throws UsageError, naming the nearest known model.
const LanguageModelEntry& language_model(std::string_view name);

}  // namespace abax
