// Elementwise steps as tile programs: what the passes that fuse and attach them share.
#pragma once

#include <memory>
#include <span>

#include "core/plan/program.h"

namespace abax {

/// Whether a step is one elementwise op, not fused yet.
bool is_elementwise(const Step& step);

/// One step, without an op, that computes what `members` (elementwise steps of one shape, in order)
/// do. `is_output` says of a value whether it must be written to memory.
Step fused_step(const Program& program, std::span<const Step* const> members,
                const std::vector<bool>& is_output);

/// Whether `id` holds exactly the elements of its root, in the same order.
bool is_whole(const Program& program, int id);

}  // namespace abax
