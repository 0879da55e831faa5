// compile(graph, outputs) -> Plan: immutable, without a pointer to the graph, shareable between
// threads.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>

#include "core/graph/graph.h"

namespace abax {

/// Every pass can be switched off; the results are bitwise the same.
struct CompileOptions {
  bool merge = true;      // equal nodes become one
  bool views = true;      // reshape, leading slices, unstack cost nothing
  bool fuse = true;       // chains of elementwise ops become one tile program
  bool epilogues = true;  // ... or are attached to the matmul before them
  bool pack = true;       // packed copies of variables, kept while their version stays
  bool reuse = true;      // in-place results, and one arena shared by lifetimes that do not overlap
  bool concurrent = true;         // large independent steps run side by side
  Level level = default_level();  // one of available_levels()
  /// All passes off: each node is a step, each value has memory of its own.
  static CompileOptions plain();
};

class Plan;

/// Compiles what `outputs` and the graph's assignments need. Throws UsageError on an output that is
/// empty or of another graph, on a SIMD level that this machine lacks, and where the graph's store
/// is gone. Several threads may compile graphs of one store at once.
std::shared_ptr<const Plan> compile(const Graph& graph, std::span<const Value> outputs,
                                    const CompileOptions& options = {},
                                    SourceLocation where = SourceLocation::current());
std::shared_ptr<const Plan> compile(const Graph& graph, std::initializer_list<Value> outputs,
                                    const CompileOptions& options = {},
                                    SourceLocation where = SourceLocation::current());

/// Steps, shapes, scopes, fused groups and offsets, a line a step.
std::string to_text(const Plan& plan);
/// Bytes that an execution of the plan takes: arena, scratch, packs, constants (not the variables).
std::size_t memory_bytes(const Plan& plan);
/// FLOP of one run.
double flops(const Plan& plan);
int step_count(const Plan& plan);

}  // namespace abax
