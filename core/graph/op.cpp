// What an op offers unless it says otherwise.
#include "core/graph/op.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/graph.h"

namespace abax {

Value::Value(Graph* graph, int node, int output)
    : place_(&graph->place()), serial_(graph->serial()), node_(node), output_(output) {}

bool Value::alive() const { return place_ && place_->graph(serial_); }

Graph& Value::graph() const {
  if (!place_) throw UsageError("a value of a graph is needed here, not an empty one");
  Graph* const graph = place_->graph(serial_);
  if (!graph)
    throw UsageError("the graph of this value is gone; keep it as long as its values are used");
  return *graph;
}

const TensorType& Value::type() const {
  const std::vector<TensorType>& outputs = graph().node(node_).outputs;
  if (output_ < 0 || output_ >= static_cast<int>(outputs.size()))
    throw UsageError(str_cat("node ", node_, " has no output ", output_, " but ", outputs.size()));
  return outputs[static_cast<std::size_t>(output_)];
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
