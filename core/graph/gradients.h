// Reverse-mode autodiff, graph to graph: gradients are ordinary nodes.
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "core/base/source_location.h"
#include "core/graph/graph.h"

namespace abax {

/// The gradients of the scalar `loss` (f32, one element) with respect to each of `wrt`, in order,
/// of their shapes. Where no path leads from a value to the loss its gradient is zeros. Gradient
/// nodes live under the scope "gradient/" of the node they belong to. Throws UsageError naming the
/// op where one on a path has no gradient, where the loss is not one f32 element, and where one of
/// `wrt` is empty or of another graph.
std::vector<Value> gradients(Value loss, std::span<const Value> wrt,
                             SourceLocation where = SourceLocation::current());
std::vector<Value> gradients(Value loss, std::initializer_list<Value> wrt,
                             SourceLocation where = SourceLocation::current());

/// The same, but an empty Value in the place of zeros where no path leads to the loss: what an
/// update leaves alone.
std::vector<Value> gradients_where_reached(Value loss, std::span<const Value> wrt,
                                           SourceLocation where = SourceLocation::current());

/// The same value, through which no gradient flows. Costs nothing at run time.
Value stop_gradient(Operand x);

}  // namespace abax
