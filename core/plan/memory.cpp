// Where values lie: offsets into one arena, aligned to cache lines.
#include "core/plan/passes.h"

namespace abax {
namespace {

std::size_t aligned(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

}  // namespace

MemoryPlan plan_memory(Program& program, std::span<const std::size_t> scratch, bool) {
  MemoryPlan plan;
  plan.offsets.assign(program.values.size(), 0);
  plan.scratch_offsets.assign(program.steps.size(), 0);
  for (int id = 0; id < program.value_count(); ++id) {
    const ProgramValue& value = program.value(id);
    if (value.source != Source::computed || value.view_of >= 0) continue;
    plan.offsets[static_cast<std::size_t>(id)] = plan.arena_bytes;
    plan.arena_bytes += aligned(value.type.bytes());
  }
  for (std::size_t s = 0; s < scratch.size(); ++s) {
    plan.scratch_offsets[s] = plan.arena_bytes;
    plan.arena_bytes += aligned(scratch[s]);
  }
  return plan;
}

}  // namespace abax
