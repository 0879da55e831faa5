// Reverse mode: from the loss back through each node's vjp, contributions summed as they meet.
#include "core/graph/gradients.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/sum.h"

namespace abax {
namespace {

/// The identity with the gradient cut: a view, so it costs nothing.
class StopGradient : public Op {
 public:
  std::string_view name() const override { return "stop_gradient"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  std::optional<ViewOf> view(int, std::span<const TensorType>) const override { return ViewOf{}; }
  std::vector<Value> vjp(const Vjp&) const override { return {Value{}}; }
  Kernel compile(const Signature& signature) const override {
    const auto bytes = static_cast<std::size_t>(signature.outputs[0].bytes());
    return {[bytes](const Call& call) {
      const auto* in = call.in<std::byte>(0);
      std::copy(in, in + bytes, call.out<std::byte>(0));
    }};
  }
};

/// "gradient/lstm0" for a node "lstm0/matmul".
std::string gradient_scope(const Node& node) {
  const auto slash = node.name.rfind('/');
  return slash == std::string::npos ? "gradient" : "gradient/" + node.name.substr(0, slash);
}

/// Collects the contributions to the gradient of each output of each node.
class Contributions {
 public:
  Contributions(Graph& graph, int nodes) : graph_(graph), lists_(static_cast<std::size_t>(nodes)) {
    for (int i = 0; i < nodes; ++i)
      lists_[static_cast<std::size_t>(i)].resize(graph.node(i).outputs.size());
  }

  void add(Value of, Value gradient) { list(of.node(), of.output()).push_back(gradient); }

  /// The sum of what has come together, empty where nothing has. The first contribution is taken as
  /// it is: nothing is zeroed first.
  Value sum(int node, int output) {
    auto& values = list(node, output);
    if (values.empty()) return {};
    if (values.size() > 1) {
      const auto scope = graph_.scope_at(gradient_scope(graph_.node(node)));
      values = {add_n(values, graph_.node(node).where)};
    }
    return values.front();
  }

 private:
  std::vector<Value>& list(int node, int output) {
    return lists_[static_cast<std::size_t>(node)][static_cast<std::size_t>(output)];
  }

  Graph& graph_;
  std::vector<std::vector<std::vector<Value>>> lists_;  // [node][output]
};

/// Which nodes a path of f32 values leads to from one of `wrt`.
std::vector<bool> depends_on(const Graph& graph, int nodes, std::span<const Value> wrt) {
  std::vector<bool> depends(static_cast<std::size_t>(nodes), false);
  for (const Value& value : wrt)
    if (value.node() < nodes) depends[static_cast<std::size_t>(value.node())] = true;
  for (int i = 0; i < nodes; ++i)
    for (const Value& input : graph.node(i).inputs)
      if (input.dtype() == f32 && depends[static_cast<std::size_t>(input.node())])
        depends[static_cast<std::size_t>(i)] = true;
  return depends;
}

std::vector<Value> call_vjp(const Node& node, const Vjp& vjp) {
  try {
    std::vector<Value> result = node.op->vjp(vjp);
    if (result.size() != node.inputs.size())
      throw UsageError(str_cat("op '", node.op->name(), "': vjp gave ", result.size(),
                               " gradients for ", node.inputs.size(), " inputs"));
    return result;
  } catch (const UsageError& error) {
    throw UsageError(str_cat(error.what(), "\n  on the gradient path through ", node.name,
                             ", built at ", place_of(node.where)));
  }
}

}  // namespace

std::vector<Value> gradients_where_reached(Value loss, std::span<const Value> wrt,
                                           SourceLocation where) {
  (void)Operand(loss, where).value();  // not empty, its graph not gone
  if (loss.dtype() != f32 || loss.shape().size() != 1)
    throw UsageError(
        str_cat("a loss is one f32 element, not ", loss.type(), "\n  at ", place_of(where)));
  Graph& graph = loss.graph();
  for (std::size_t i = 0; i < wrt.size(); ++i)
    graph.require_own(wrt[i], str_cat("gradients: value ", i, " of those asked for"), where);
  const int nodes = loss.node() + 1;  // later nodes cannot reach the loss
  const std::vector<bool> depends = depends_on(graph, nodes, wrt);
  Contributions contributions(graph, nodes);
  {
    const auto scope = graph.scope_at("gradient");
    Tensor one(loss.type());
    one.as<float>()[0] = 1;
    contributions.add(loss, graph.constant(std::move(one), where));
  }

  for (int index = nodes - 1; index >= 0; --index) {
    const Node node = graph.node(index);  // a copy: the graph grows below
    if (!depends[static_cast<std::size_t>(index)] || node.inputs.empty()) continue;
    std::vector<Value> outputs, arrived;
    bool any = false;
    for (int output = 0; output < static_cast<int>(node.outputs.size()); ++output) {
      outputs.emplace_back(&graph, index, output);
      arrived.push_back(contributions.sum(index, output));
      any = any || arrived.back();
    }
    if (!any) continue;
    Vjp vjp{.inputs = node.inputs, .outputs = outputs, .gradients = arrived, .wanted = {}};
    for (const Value& input : node.inputs)
      vjp.wanted.push_back(input.dtype() == f32 && depends[static_cast<std::size_t>(input.node())]);
    if (std::ranges::find(vjp.wanted, true) == vjp.wanted.end()) continue;
    const auto scope = graph.scope_at(gradient_scope(node));
    const std::vector<Value> given = call_vjp(node, vjp);
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (!given[i] || !vjp.wanted[i]) continue;
      graph.require_own(given[i], str_cat("op '", node.op->name(), "': gradient ", i, " of vjp"),
                        node.where);
      if (given[i].type() != node.inputs[i].type())
        throw UsageError(str_cat("op '", node.op->name(), "': vjp gave ", given[i].type(),
                                 " for an input ", node.inputs[i].type(), "\n  built at ",
                                 place_of(node.where)));
      contributions.add(node.inputs[i], given[i]);
    }
  }

  std::vector<Value> result;
  for (const Value& value : wrt)
    result.push_back(value.node() < nodes ? contributions.sum(value.node(), value.output())
                                          : Value{});
  return result;
}

std::vector<Value> gradients(Value loss, std::span<const Value> wrt, SourceLocation where) {
  std::vector<Value> result = gradients_where_reached(loss, wrt, where);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (result[i]) continue;
    Graph& graph = loss.graph();
    const auto scope = graph.scope_at("gradient");
    result[i] = broadcast_to({graph.constant(0, where), where}, wrt[i].shape());
  }
  return result;
}

std::vector<Value> gradients(Value loss, std::initializer_list<Value> wrt, SourceLocation where) {
  return gradients(loss, std::span<const Value>(wrt.begin(), wrt.size()), where);
}

Value stop_gradient(Operand x) {
  return x.value().graph().add_one(std::make_shared<StopGradient>(), {x.value()}, x.where());
}

}  // namespace abax
