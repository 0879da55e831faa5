// Presets out of their files.
#include "tools/options/presets.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "tools/options/config_file.h"

namespace abax {
namespace {

Preset read_preset(const PresetText& file) {
  Preset result{.name = file.name};
  for (GivenValue& value : read_toml(file.toml, str_cat("preset ", file.name), Origin::preset)) {
    if (value.name == "about-summary")
      result.summary = to_text(value.value);
    else if (value.name == "about-data")
      result.data = to_text(value.value);
    else if (value.name == "about-reaches")
      result.reaches = to_text(value.value);
    else
      result.values.push_back(std::move(value));
  }
  return result;
}

}  // namespace

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = [] {
    std::vector<Preset> read;
    for (const PresetText& file : preset_texts()) read.push_back(read_preset(file));
    return read;
  }();
  return all;
}

const Preset& preset(std::string_view name) {
  std::vector<std::string> names;
  for (const Preset& known : presets()) {
    if (known.name == name) return known;
    names.push_back(known.name);
  }
  const std::string nearest = nearest_name(name, names);
  throw UsageError(str_cat("there is no preset '", name, "'; did you mean '",
                           nearest.empty() ? names.front() : nearest, "'? --presets lists them"));
}

std::string preset_list() {
  std::string result;
  for (const Preset& p : presets())
    result += str_cat(p.name, "\n  ", p.summary, "\n  data     ", p.data, "\n  reaches  ",
                      p.reaches, "\n");
  return result;
}

}  // namespace abax
