// Evaluation plans by the shapes of what they read: a plan is made when inputs of these shapes
// first come, and kept for the next ones.
//
//     ShapePlans plans(store, workers, "posterior");
//     for (const data::Batch& batch : batches) {
//       const auto build = [&](Graph& g) { return std::vector<Value>{model(g, shape_of(batch))}; };
//       ShapePlans::Plan& plan = plans.of(named_tensors(batch.inputs), build);
//       plan.execution->run();
//       const TensorView result = plan.execution->get(plan.results[0]);
//     }
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/function_ref.h"
#include "core/plan/execution.h"
#include "models/model.h"

namespace abax {

/// An input by its name. The tensor is not owned.
struct NamedTensor {
  NamedTensor(std::string_view its_name, const Tensor& its_tensor)
      : name(its_name), tensor(its_tensor.view()) {}
  NamedTensor(std::string_view its_name, TensorView its_tensor)
      : name(its_name), tensor(its_tensor) {}
  std::string_view name;
  TensorView tensor;
};
std::vector<NamedTensor> named_tensors(BatchInputs inputs);

/// Used by one thread at a time; its plans share one workspace, so that a result is valid until the
/// next run of any of them. It shares the parameters that the store has when the first plan is
/// made: what training changes later counts. Saved state is read as the store has it at each of();
/// all else (carried state, counters of random numbers) is its own, and the store stays as it is.
/// Store and workers must outlive it: of() throws UsageError where one of them is gone.
class ShapePlans {
 public:
  /// At most so many plans are kept: the one that was not asked for the longest goes first. `label`
  /// keys random numbers. Throws UsageError unless `most` is above 0.
  ShapePlans(Variables& store, Workers& workers, std::string label, std::size_t most = 32);

  struct Plan {
    explicit Plan(Variables& store, const std::string& label)
        : graph(store, Mode::evaluate, label) {}
    Graph graph;
    std::vector<Value> results;
    std::optional<Execution> execution;
  };
  /// The one for inputs of these names and types, with those that it reads bound to it: they must
  /// live until it has run. Where there is none, `build` adds what is computed to its graph, and
  /// gives the results. Where that throws, nothing of it stays.
  Plan& of(std::span<const NamedTensor> inputs, FunctionRef<std::vector<Value>(Graph&)> build);

  /// How many there are.
  std::size_t count() const { return plans_.size(); }

 private:
  struct Kept {
    std::unique_ptr<Plan> plan;
    std::uint64_t last_use = 0;
  };
  void check_alive() const;
  void read_saved_state();

  Variables& store_;
  Workers& workers_;
  std::weak_ptr<const void> store_watch_, workers_watch_;
  std::string label_;
  std::size_t most_;
  std::uint64_t uses_ = 0;
  std::unique_ptr<Variables> own_;  // with the store's parameters; made with the first plan
  std::shared_ptr<Workspace> workspace_;
  std::map<std::string, Kept> plans_;  // by names and types of their inputs
};

}  // namespace abax
