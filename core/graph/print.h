// A graph as readable text, and as DOT.
#pragma once

#include <string>

#include "core/graph/graph.h"

namespace abax {

/// A line a node: "%7 lstm0/matmul: f32[700, 800] = matmul(%3, %5) transpose_b=1".
std::string to_text(const Graph& graph);
/// For Graphviz: dot -Tsvg.
std::string to_dot(const Graph& graph);

}  // namespace abax
