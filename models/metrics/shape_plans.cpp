// Plans by the shapes of a source.
#include "models/metrics/shape_plans.h"

namespace abax {

ShapePlans::ShapePlans(Variables& store, Workers& workers, const std::string& label,
                       const data::BatchSource& source, const Build& build) {
  for (const BatchShape& shape : source.shapes()) {
    auto plan = std::make_unique<Plan>(store, label);
    plan->results = build(plan->graph, shape);
    plan->execution =
        std::make_unique<Execution>(compile(plan->graph, plan->results), store, workers);
    plans_.push_back(std::move(plan));
  }
}

ShapePlans::Plan& ShapePlans::of(const data::Batch& batch) {
  Plan& plan = *plans_.at(static_cast<std::size_t>(batch.shape));
  for (const auto& [name, tensor] : batch.inputs)
    if (plan.execution->reads(name)) plan.execution->set(name, tensor);
  return plan;
}

}  // namespace abax
