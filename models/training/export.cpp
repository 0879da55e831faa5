// Copies of what stays.
#include "models/training/export.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "models/training/optimiser.h"

namespace abax {
namespace {

/// Scopes of what optimise() and accumulate() keep.
constexpr std::array<std::string_view, 3> of_training{"optimiser/", "accumulated/", "average/"};

bool stays(const Variable& variable) {
  if (variable.role == Role::trainable) return true;
  return variable.role == Role::saved &&
         std::ranges::none_of(
             of_training, [&](std::string_view scope) { return variable.name.starts_with(scope); });
}

}  // namespace

std::unique_ptr<Variables> export_for_inference(const Variables& store) {
  auto result = std::make_unique<Variables>(store.seed());
  for (int i = 0; i < store.count(); ++i) {
    const Variable& from = store[i];
    if (!stays(from)) continue;
    const Tensor& value = averaged_value(store, from);
    const auto copy = [&value](Tensor& tensor, Random&) { tensor = value.clone(); };
    Variable& made = (*result)[result->create(from.name, value.type(), from.role, {copy})];
    made.frozen = from.frozen;
    made.decay = from.decay;
  }
  return result;
}

}  // namespace abax
