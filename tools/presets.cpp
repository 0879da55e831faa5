// The lists of presets. A new one is an entry here.
#include "tools/presets.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all{
      // The CPU setting of nanoGPT's README for tinyshakespeare (1.1 MB of plays).
      {"char-small",
       "a character Transformer of 0.8 M parameters, minutes on a megabyte of text",
       {{"model", "transformer_lm"},
        {"layers", "4"},
        {"heads", "4"},
        {"width", "128"},
        {"length", "64"},
        {"batch", "12"},
        {"dropout", "0"},
        {"steps", "2000"},
        {"lr", "1e-3"},
        {"final-lr", "1e-4"},
        {"warmup", "100"},
        {"optimiser", "adamw"},
        {"beta2", "0.99"},
        {"weight-decay", "0.1"},
        {"clip", "1"},
        {"windows", "random"},
        {"split", "90,10,0"}}},
      // Its GPU setting.
      {"char-large",
       "a character Transformer of 10.6 M parameters, hours on a megabyte of text",
       {{"model", "transformer_lm"},
        {"layers", "6"},
        {"heads", "6"},
        {"width", "384"},
        {"length", "256"},
        {"batch", "64"},
        {"dropout", "0.2"},
        {"steps", "5000"},
        {"lr", "1e-3"},
        {"final-lr", "1e-4"},
        {"warmup", "100"},
        {"optimiser", "adamw"},
        {"beta2", "0.99"},
        {"weight-decay", "0.1"},
        {"clip", "1"},
        {"windows", "random"},
        {"split", "90,10,0"}}},
  };
  return all;
}

const Preset& preset(std::string_view name) {
  std::vector<std::string> names;
  for (const Preset& known : presets()) {
    if (known.name == name) return known;
    names.push_back(known.name);
  }
  const std::string nearest = nearest_name(name, names);
  throw UsageError(text("there is no preset '", name, "'; did you mean '",
                        nearest.empty() ? names.front() : nearest, "'?"));
}

const Preset& model_defaults(std::string_view model) {
  static const Preset none;
  static const std::vector<Preset> all{
      {"transformer_lm",
       "",
       {{"layers", "2"},
        {"length", "64"},
        {"lr", "2e-3"},
        {"warmup", "100"},
        {"optimiser", "adamw"},
        {"beta2", "0.99"},
        {"weight-decay", "0.1"},
        {"windows", "random"}}},
  };
  const auto found = std::ranges::find(all, model, &Preset::name);
  return found == all.end() ? none : *found;
}

}  // namespace abax
