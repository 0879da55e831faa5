// Settings of known tasks, by name: what --preset takes, and the defaults of each model.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace abax {

struct Preset {
  std::string name;
  std::string description;
  std::vector<std::pair<std::string, std::string>> values;  // option, value
};

/// Those for --preset.
const std::vector<Preset>& presets();
/// Throws UsageError, naming the nearest known one.
const Preset& preset(std::string_view name);
/// How a model's options differ from the defaults of TrainOptions: settings that finish in minutes
/// on the built-in corpus. Empty for a model that has none.
const Preset& model_defaults(std::string_view model);

}  // namespace abax
