// The inputs of a batch, by name.
#include "models/data/batch.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax::data {

const Tensor& Batch::input(std::string_view name) const {
  for (const auto& [known, tensor] : inputs)
    if (known == name) return tensor;
  throw UsageError(str_cat("the batch has no input '", name, "'"));
}

Tensor& Batch::prepare(std::string_view name, TensorType type) {
  auto found = std::ranges::find_if(inputs, [&](const auto& input) { return input.first == name; });
  if (found == inputs.end())
    found = inputs.insert(inputs.end(), {std::string(name), Tensor(type)});
  else if (found->second.type() != type)
    found->second = Tensor(type);
  return found->second;
}

}  // namespace abax::data
