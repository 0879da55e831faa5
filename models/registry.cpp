// The list of models. A new one is a line here.
#include "models/registry.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/lstm_lm.h"

namespace abax {

const std::vector<LanguageModelEntry>& language_models() {
  static const std::vector<LanguageModelEntry> models{
      {"lstm_lm", "LSTM layers that read a text and predict its next token", lstm_language_model},
  };
  return models;
}

const LanguageModelEntry& language_model(std::string_view name) {
  std::vector<std::string> names;
  for (const LanguageModelEntry& entry : language_models()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  std::string nearest = nearest_name(name, names);
  if (nearest.empty()) nearest = names.front();
  throw UsageError(text("there is no model '", name, "'; did you mean '", nearest, "'?"));
}

}  // namespace abax
