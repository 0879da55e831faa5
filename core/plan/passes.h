// The passes of compile(), in the order in which they run; each in a file of its own.
#pragma once

#include <span>

#include "core/plan/compile.h"
#include "core/plan/program.h"

namespace abax {

/// A step a node, for the nodes that the outputs and the graph's assignments need.
/// Throws UsageError on an output that is empty or of another graph.
Program lower(const Graph& graph, std::span<const Value> outputs);

/// Copies what is fetched or assigned, but lies in a variable that the run itself overwrites.
void snapshot(Program& program);

/// Where the values and the scratch of each step lie in the arena.
struct MemoryPlan {
  std::vector<std::size_t> offsets;          // one a value, for the computed roots
  std::vector<std::size_t> scratch_offsets;  // one a step
  std::size_t arena_bytes = 0;
};

/// `scratch` holds the bytes that each step's kernel asked for.
MemoryPlan plan_memory(Program& program, std::span<const std::size_t> scratch, bool reuse);

}  // namespace abax
