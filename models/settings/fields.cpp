// The list of fields.
#include "models/settings/fields.h"

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {

Field& Fields::add(std::string_view name, Field::Target target, std::string help) {
  std::string whole = prefix_ + std::string(name);
  if (find(whole)) throw UsageError(str_cat("two settings are called '", whole, "'"));
  return all_.emplace_back(std::move(whole), std::move(target), group_, std::move(help));
}

void Fields::require(bool holds, std::string message) {
  if (!holds) complaints_.push_back(std::move(message));
}

void Fields::group(std::string title) { group_ = std::move(title); }

const Field* Fields::find(std::string_view name) const {
  for (const Field& field : all_)
    if (field.name() == name) return &field;
  return nullptr;
}

Field* Fields::find(std::string_view name) {
  return const_cast<Field*>(std::as_const(*this).find(name));
}

}  // namespace abax
