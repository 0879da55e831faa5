// A model's settings by its name, and from checkpoints.
#include "models/model_settings.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/registry.h"
#include "models/settings/values.h"

namespace abax {
namespace {

/// The values that a checkpoint of format 1 has for a model: its names are spelt with '_', derived
/// values and flags otherwise.
std::map<std::string, std::string> upgraded(const ModelEntry& entry, const Declare& declare,
                                            const std::map<std::string, std::string>& old) {
  std::map<std::string, std::string> values;
  for (const auto& [key, value] : old) {
    std::string name = key;
    std::ranges::replace(name, '_', '-');
    values[name] = value;
  }
  if (entry.upgrade) entry.upgrade(values);
  // What choices bring with them is known only when they are made.
  for (Words known;;) {
    Fields fields;
    declare(fields);
    Words names;
    std::vector<GivenValue> given;
    for (const Field& field : fields.all()) {
      names.push_back(field.name());
      for (std::string former : field.former_names()) {
        std::ranges::replace(former, '_', '-');
        if (const auto found = values.find(former); found != values.end() && former != field.name())
          values[field.name()] = found->second;
      }
      const auto found = values.find(field.name());
      if (found == values.end()) continue;
      if (field.is_flag() && found->second == "1") found->second = "true";
      if (field.is_flag() && found->second == "0") found->second = "false";
      given.push_back(
          {field.name(), FieldText{found->second}, str_cat("'", field.name(), "'"), Origin::file});
    }
    if (names == known) return values;
    known = std::move(names);
    assign(declare, std::move(given));
  }
}

}  // namespace

ModelSettings::ModelSettings(std::string_view model)
    : entry_(&model_entry(model)), settings_(entry_->settings) {}

ModelSettings::ModelSettings(std::string_view model,
                             const std::map<std::string, std::string>& values,
                             std::int64_t format) try
    : ModelSettings(model) {
  const Declare declare = [this](Fields& f) { fields(f, *this); };
  from_values(declare, format > 1 ? values : upgraded(*entry_, declare, values), format);
} catch (const UsageError& error) {
  throw CheckpointError(error.what());
}

const std::string& ModelSettings::name() const { return entry_->name; }

void ModelSettings::refuse_type() const {
  throw UsageError(str_cat("the settings of ", entry_->name, " are not of the type asked for"));
}

std::string ModelSettings::value_of(std::string_view name) const {
  ModelSettings copy = *this;
  Fields all;
  fields(all, copy);
  const Field* field = all.find(name);
  return field ? field->to_text() : "";
}

void ModelSettings::derive(const std::map<std::string, FieldValue>& values) {
  Fields all;
  fields(all, *this);
  for (const auto& [name, value] : values)
    if (Field* field = all.find(name); field && field->is_derived())
      field->set(str_cat("'", name, "'"), value);
}

}  // namespace abax
