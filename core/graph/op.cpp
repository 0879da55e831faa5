// What an op offers unless it says otherwise.
#include "core/graph/op.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/graph.h"

namespace abax {

Value::Value(Graph* graph, int node, int output)
    : graph_(graph), serial_(graph->serial()), node_(node), output_(output) {}

Graph& Value::graph() const {
  if (!graph_) throw UsageError("a value of a graph is needed here, not an empty one");
  return *graph_;
}

const TensorType& Value::type() const {
  return graph().node(node_).outputs[static_cast<std::size_t>(output_)];
}

std::vector<Value> Op::vjp(const Vjp&) const {
  throw UsageError(str_cat("op '", name(), "' has no gradient; use stop_gradient before it"));
}

std::optional<ViewOf> Op::view(int, std::span<const TensorType>) const { return std::nullopt; }

bool Op::may_overwrite(int, int) const { return false; }

Cost Op::cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs) const {
  Cost cost;
  for (const TensorType& type : inputs) cost.bytes += static_cast<double>(type.bytes());
  for (const TensorType& type : outputs) cost.bytes += static_cast<double>(type.bytes());
  return cost;
}

std::optional<Op::Packing> Op::packing(int, std::span<const TensorType>) const {
  return std::nullopt;
}

}  // namespace abax
