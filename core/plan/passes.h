// The passes of compile(), in the order in which they run; each in a file of its own.
#pragma once

#include <span>

#include "core/plan/compile.h"
#include "core/plan/program.h"

namespace abax {

/// Numbers of steps and values as indices of vectors.
inline std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// A step a node, for the nodes that the outputs and the graph's assignments need (prune.cpp).
/// Throws UsageError on an output that is empty or of another graph.
Program lower(const Graph& graph, std::span<const Value> outputs, const SourceLocation& where);

/// Equal repeatable steps become one, equal constants too.
void merge(Program& program);

/// Steps whose outputs are pieces of an input's memory vanish. Throws UsageError where an op claims
/// a piece outside its input.
void make_views(Program& program);

/// Copies what is fetched or assigned, but lies in a variable that the run itself overwrites.
void snapshot(Program& program);

/// Elementwise steps of one shape that feed each other become one tile program.
void fuse(Program& program);

/// Elementwise steps become the epilogue of the op whose result they take.
void attach_epilogues(Program& program);

/// Operands that are variables and best read packed are packed once a version.
void pack(Program& program);

/// Moves updates of variables to the end. Returns the first of them, or the number of steps.
int updates_last(Program& program);

/// What a step takes: how many parts its kernel cuts its work into (0: enough), and its cost.
struct Work {
  std::int64_t parts = 0;
  Cost cost;
};
/// An order of the steps; those of one time, which are neighbours, run side by side.
struct Schedule {
  std::vector<int> order;  // indices of the steps as they are now
  std::vector<int> times;  // of the steps in their new order, from 0
};
/// Brings large independent steps of few parts together where `concurrent`, each after what it
/// reads. The steps from `first_update` on keep their order and run alone.
Schedule schedule(const Program& program, std::span<const Work> work, int first_update,
                  bool concurrent);

/// Where the values and the scratch of each step lie in the arena.
struct MemoryPlan {
  std::vector<std::size_t> offsets;          // one a value, for the computed roots
  std::vector<std::size_t> scratch_offsets;  // one a step
  std::size_t arena_bytes = 0;
};

/// `scratch` holds the bytes that each step's kernel asked for, `times` the step's time (steps of
/// one time share no memory that one of them writes), `first_update` the first step whose result
/// may be committed in place. Marks the commits that are.
MemoryPlan plan_memory(Program& program, std::span<const std::size_t> scratch,
                       std::span<const int> times, int first_update, bool reuse);

}  // namespace abax
