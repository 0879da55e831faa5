// From the graph to a program: a step a node, without the nodes that nothing needs.
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/plan/passes.h"

namespace abax {
namespace {

std::vector<bool> needed_nodes(const Graph& graph, std::span<const Value> outputs) {
  std::vector<bool> needed(graph.nodes().size(), false);
  std::vector<int> open;
  const auto need = [&](const Value& value) {
    const std::size_t node = static_cast<std::size_t>(value.node());
    if (needed[node]) return;
    needed[node] = true;
    open.push_back(value.node());
  };
  for (const Value& output : outputs) need(output);
  for (const Assignment& assignment : graph.assignments()) need(assignment.value);
  while (!open.empty()) {
    const Node& node = graph.node(open.back());
    open.pop_back();
    for (const Value& input : node.inputs) need(input);
  }
  return needed;
}

/// Builds the program; `variable_index` maps the store's indices to the program's.
class Lowering {
 public:
  explicit Lowering(const Graph& graph)
      : graph_(graph),
        values_(graph.nodes().size()),
        variable_index_(static_cast<std::size_t>(graph.store().count()), -1) {
    program_.label = graph.label();
  }

  void add_node(int index) {
    const Node& node = graph_.node(index);
    std::vector<int>& outputs = values_[static_cast<std::size_t>(index)];
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      outputs.push_back(
          program_.add_value(node.outputs[i], i == 0 ? node.name : str_cat(node.name, ":", i)));
    if (const Leaf* leaf = node.op->leaf())
      return bind(*leaf, index, program_.value(outputs.front()));
    Step step;
    step.op = node.op;
    for (const Value& input : node.inputs) step.inputs.push_back(id(input));
    step.outputs = outputs;
    step.op_outputs = node.outputs;
    step.nodes = {node.name};
    step.own_inputs = static_cast<int>(step.inputs.size());
    program_.steps.push_back(std::move(step));
  }

  Program finish(std::span<const Value> outputs) {
    for (const Value& output : outputs) {
      const Node& node = graph_.node(output.node());
      Program::Output fetched{
          .node = output.node(), .output = output.output(), .value = id(output), .names = {}};
      if (output.output() == 0) fetched.names.push_back(node.name);
      fetched.names.push_back(str_cat(node.name, ":", output.output()));
      for (const auto& [name, value] : graph_.given_names())
        if (value == output) fetched.names.push_back(name);
      program_.outputs.push_back(std::move(fetched));
    }
    for (const Assignment& assignment : graph_.assignments())
      program_.commits.push_back(
          {.variable = variable(assignment.variable), .value = id(assignment.value)});
    return std::move(program_);
  }

 private:
  int id(const Value& value) const {
    return values_[static_cast<std::size_t>(value.node())]
                  [static_cast<std::size_t>(value.output())];
  }

  int variable(int store_index) {
    int& index = variable_index_[static_cast<std::size_t>(store_index)];
    if (index < 0) {
      index = static_cast<int>(program_.variables.size());
      const Variable& known = graph_.store()[store_index];
      program_.variables.push_back({known.name, known.value().type()});
    }
    return index;
  }

  void bind(const Leaf& leaf, int node, ProgramValue& value) {
    switch (leaf.kind) {
      case Leaf::Kind::input:
        value.source = Source::input;
        value.index = static_cast<int>(program_.inputs.size());
        program_.inputs.push_back({leaf.name, leaf.type, leaf.range, node});
        return;
      case Leaf::Kind::variable:
        value.source = Source::variable;
        value.index = variable(leaf.variable);
        return;
      case Leaf::Kind::constant:
        value.source = Source::constant;
        value.index = static_cast<int>(program_.constants.size());
        program_.constants.push_back(leaf.constant);
        return;
    }
  }

  const Graph& graph_;
  std::vector<std::vector<int>> values_;  // of each node and output
  std::vector<int> variable_index_;
  Program program_;
};

}  // namespace

Program lower(const Graph& graph, std::span<const Value> outputs, const SourceLocation& where) {
  for (std::size_t i = 0; i < outputs.size(); ++i)
    graph.require_own(outputs[i], str_cat("compile: output ", i), where);
  (void)graph.store(where);  // not gone
  const std::vector<bool> needed = needed_nodes(graph, outputs);
  Lowering lowering(graph);
  for (std::size_t i = 0; i < needed.size(); ++i)
    if (needed[i]) lowering.add_node(static_cast<int>(i));
  return lowering.finish(outputs);
}

}  // namespace abax
