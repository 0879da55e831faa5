// A case made ready to run: its arguments filled, its graph built, with or without gradients. The
// tests and the benchmarks share it.
#pragma once

#include <vector>

#include "core/base/tensor.h"
#include "core/plan/execution.h"
#include "tests/cases/case.h"

namespace abax::cases {

/// Random numbers of the argument, or its own values; `key` seeds them.
Tensor fill(const Argument& argument, std::uint64_t key);

/// What a case's arguments are: inputs of the graph, which keep their memory, or copies of these,
/// which die with their last reader.
enum class Arguments : std::uint8_t { input, intermediate };

class Instance {
 public:
  /// With gradients: also those of a randomly weighted sum of all f32 outputs, with respect to the
  /// differentiable arguments.
  Instance(const Case& row, bool with_gradients, Arguments arguments = Arguments::input);

  /// The outputs, then the gradients.
  std::vector<Value> results() const;
  const std::vector<Value>& outputs() const { return outputs_; }
  /// One an argument; empty for one that gets none.
  const std::vector<Value>& gradients() const { return gradients_; }
  const std::vector<Tensor>& arguments() const { return arguments_; }
  /// One an output; empty for an output that is not f32.
  const std::vector<Tensor>& weights() const { return weights_; }
  Variables& store() { return store_; }

  std::shared_ptr<const Plan> plan(const CompileOptions& options) const;
  /// Binds the arguments (which stay this instance's).
  void bind(Execution& execution) const;

 private:
  Variables store_{7};
  Graph graph_{store_};
  std::vector<Tensor> arguments_;
  std::vector<Tensor> weights_;
  std::vector<Value> outputs_;
  std::vector<Value> gradients_;
};

}  // namespace abax::cases
