// Sums that autodiff itself needs: of several contributions, and over broadcast axes.
#pragma once

#include <span>

#include "core/base/source_location.h"
#include "core/graph/graph.h"

namespace abax {

/// ((x0 + x1) + x2) + ..., all of one f32 type. Throws ShapeError on differing types, UsageError on
/// an empty list.
Value add_n(std::span<const Value> values, SourceLocation where = SourceLocation::current());

/// Sums x over the axes along which `shape` broadcasts to x's shape, so that the result has
/// `shape`: the gradient of broadcasting. Fixed order of summation. Throws ShapeError where it does
/// not broadcast.
Value sum_to(Operand x, Shape shape);
/// x stretched to `shape`: the gradient of sum_to.
Value broadcast_to(Operand x, Shape shape);

}  // namespace abax
