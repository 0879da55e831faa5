// Plans in a map by the types of their inputs.
#include "models/generation/shape_plans.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {

std::vector<NamedTensor> named_tensors(BatchInputs inputs) {
  std::vector<NamedTensor> result;
  for (const auto& [name, tensor] : inputs) result.emplace_back(name, tensor);
  return result;
}

ShapePlans::ShapePlans(Variables& store, Workers& workers, std::string label, std::size_t most)
    : store_(store),
      workers_(workers),
      store_watch_(store.watch()),
      workers_watch_(workers.watch()),
      label_(std::move(label)),
      most_(most),
      workspace_(make_workspace()) {
  if (most_ < 1) throw UsageError("at least one plan is to be kept, not 0");
}

void ShapePlans::check_alive() const {
  if (store_watch_.expired() || workers_watch_.expired())
    throw UsageError(str_cat("the ", store_watch_.expired() ? "store" : "Workers",
                             " of these plans (\"", label_,
                             "\") is gone; keep it as long as what makes predictions with it"));
}

void ShapePlans::read_saved_state() {
  for (int i = 0; i < own_->count(); ++i) {
    Variable& variable = (*own_)[i];
    const int index = variable.role == Role::saved ? store_.find(variable.name) : -1;
    if (index >= 0) variable.write() = store_[index].value().clone();
  }
}

ShapePlans::Plan& ShapePlans::of(std::span<const NamedTensor> inputs,
                                 FunctionRef<std::vector<Value>(Graph&)> build) {
  check_alive();
  std::string key;
  for (const NamedTensor& input : inputs) key += str_cat(input.name, ' ', input.tensor.type, '\n');
  Kept& kept = plans_[key];
  kept.last_use = ++uses_;
  if (!kept.plan) {
    try {
      if (!own_) own_ = sharing_parameters(store_);
      auto plan = std::make_unique<Plan>(*own_, label_);
      plan->results = build(plan->graph);
      plan->execution.emplace(compile(plan->graph, plan->results), *own_, workers_, workspace_);
      kept.plan = std::move(plan);
    } catch (...) {
      plans_.erase(key);
      // The next try sees what the store has by then.
      if (plans_.empty()) own_.reset();
      throw;
    }
    if (plans_.size() > most_)
      plans_.erase(std::ranges::min_element(
          plans_, {}, [](const auto& entry) { return entry.second.last_use; }));
  }
  read_saved_state();
  for (const NamedTensor& input : inputs)
    if (kept.plan->execution->reads(input.name))
      kept.plan->execution->set(input.name, input.tensor);
  return *kept.plan;
}

}  // namespace abax
