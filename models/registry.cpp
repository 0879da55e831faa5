// The list of models. A new one is a line here.
#include "models/registry.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/lstm_lm.h"
#include "models/transformer_lm.h"

namespace abax {

const std::vector<ModelEntry>& models() {
  static const std::vector<ModelEntry> all{
      {"lstm_lm",
       "LSTM layers that read a text and predict its next token",
       TaskKind::language,
       lstm_language_model,
       lstm_language_step,
       {"width", "layers", "dropout", "label-smoothing", "tied"}},
      {"transformer_lm",
       "Transformer blocks that read a text and predict its next token",
       TaskKind::language,
       transformer_language_model,
       transformer_language_step,
       {"width", "layers", "heads", "feed-forward", "positions", "memory", "dropout",
        "label-smoothing", "tied"}},
  };
  return all;
}

const ModelEntry& model(std::string_view name) {
  std::vector<std::string> names;
  for (const ModelEntry& entry : models()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  std::string nearest = nearest_name(name, names);
  if (nearest.empty()) nearest = names.front();
  throw UsageError(text("there is no model '", name, "'; did you mean '", nearest, "'?"));
}

}  // namespace abax
