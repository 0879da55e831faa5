// Settings of known tasks, by name: TOML files in tools/presets, built into the tools and installed
// beside them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/settings/values.h"

namespace abax {

struct PresetText {
  std::string name, toml;
};
/// The files as they were when the tools were built; what defines it is made by the build.
const std::vector<PresetText>& preset_texts();

struct Preset {
  std::string name;
  std::string summary = {};  // what it trains
  std::string data = {};     // what it needs: "a UTF-8 text"
  std::string reaches = {};  // what it came to, on which data
  std::vector<GivenValue> values = {};
};
/// All of them, by name.
const std::vector<Preset>& presets();
/// Throws UsageError, naming the nearest known one.
const Preset& preset(std::string_view name);
/// A page that lists them: what --presets prints.
std::string preset_list();

}  // namespace abax
