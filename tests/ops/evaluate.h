// Runs a graph once and gives a value of it.
#pragma once

#include <cstring>
#include <initializer_list>
#include <utility>

#include "core/base/tensor.h"
#include "core/plan/execution.h"

namespace abax {

/// `inputs` are names and tensors. The store counts the run.
inline Tensor evaluate(Value value,
                       std::initializer_list<std::pair<const char*, const Tensor*>> inputs = {},
                       const CompileOptions& options = {}, int threads = 2) {
  Workers workers(threads);
  Execution execution(compile(value.graph(), {value}, options), value.graph().store(), workers);
  for (const auto& [name, tensor] : inputs) execution.set(name, *tensor);
  execution.run();
  const TensorView view = execution.get(value);
  Tensor result(view.type);
  std::memcpy(result.data(), view.data, result.bytes());
  return result;
}

}  // namespace abax
