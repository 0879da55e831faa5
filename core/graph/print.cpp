// Graphs as text and as DOT.
#include "core/graph/print.h"

#include <sstream>

#include "core/base/text.h"

namespace abax {
namespace {

/// "%7", or "%7:1" for a further output.
std::string id(const Value& value) {
  return value.output() == 0 ? str_cat("%", value.node())
                             : str_cat("%", value.node(), ":", value.output());
}

/// What tells the node from others of its kind, as long as a line bears it (constants can be
/// large).
std::string attributes(const Node& node) {
  std::string shown = node.op->attributes();
  if (shown.size() > 60) shown = shown.substr(0, 57) + "...";
  return shown;
}

std::string types(const Node& node) {
  std::string joined;
  for (const TensorType& type : node.outputs) joined += str_cat(joined.empty() ? "" : ", ", type);
  return joined;
}

}  // namespace

std::string to_text(const Graph& graph) {
  std::ostringstream out;
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    out << '%' << i << ' ' << node.name << ": " << types(node) << " = " << node.op->name() << '(';
    for (std::size_t j = 0; j < node.inputs.size(); ++j)
      out << (j ? ", " : "") << id(node.inputs[j]);
    out << ')';
    if (const std::string shown = attributes(node); !shown.empty()) out << ' ' << shown;
    out << '\n';
  }
  for (const Assignment& assignment : graph.assignments())
    out << graph.store()[assignment.variable].name << " <- " << id(assignment.value) << '\n';
  return out.str();
}

std::string to_dot(const Graph& graph) {
  std::ostringstream out;
  out << "digraph \"" << graph.label() << "\" {\n  node [shape=box];\n";
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    out << "  n" << i << " [label=\"" << node.name << "\\n" << types(node) << "\"];\n";
    for (const Value& input : node.inputs) out << "  n" << input.node() << " -> n" << i << ";\n";
  }
  for (const Assignment& assignment : graph.assignments())
    out << "  n" << assignment.value.node() << " -> \"" << graph.store()[assignment.variable].name
        << "\" [style=dashed];\n";
  out << "}\n";
  return out.str();
}

}  // namespace abax
