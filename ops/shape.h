// Ops that move elements without changing them: reshape, transpose, slice, concat, stack, split,
// unstack.
//
//     Value rows = reshape(x, {-1, 64});                   // x is [time, batch, 64]; costs nothing
//     std::vector<Value> steps = unstack(x);               // time values [batch, 64], likewise
//
// x is of any element type; axes may count from the back (-1 is the last). All throw ShapeError on
// an axis that is not there. Gradients exist for f32 and are again ops of this file.
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "core/graph/graph.h"

namespace abax {

/// The same elements in row-major order in another shape of as many; one size may be -1, which
/// follows from the others. Costs nothing at run time.
Value reshape(Operand x, std::initializer_list<std::int64_t> sizes);
Value reshape(Operand x, const Shape& shape);

/// Axis i of the result is axis `axes[i]` of x; each axis once.
Value transpose(Operand x, std::initializer_list<int> axes);
Value transpose(Operand x, std::span<const int> axes);
/// The last two axes swapped: x is [.., n, m], the result [.., m, n].
Value transpose(Operand x);

/// The elements start, start + step, ... before `stop` along `axis`. start and stop may count from
/// the back; 0 <= start <= stop <= size is asked for, and step >= 1. Costs nothing where all axes
/// before `axis` have size 1 and step is 1. Its gradient fills a whole x with zeros, so that many
/// slices of one value cost a quadratic backward pass: take split or unstack for these.
Value slice(Operand x, int axis, std::int64_t start, std::int64_t stop, std::int64_t step = 1);

/// The values one after another along `axis`; their other sizes are the same. At least one value.
Value concat(std::span<const Value> values, int axis,
             SourceLocation where = SourceLocation::current());
Value concat(std::initializer_list<Value> values, int axis,
             SourceLocation where = SourceLocation::current());
/// Consecutive pieces of x along `axis`, of these sizes, which sum up to x's. Costs nothing where
/// all axes before `axis` have size 1.
std::vector<Value> split(Operand x, int axis, std::span<const std::int64_t> sizes);

/// Values of one shape along a new axis, which stands at `axis` of the result; a negative one
/// counts from the result's back, so that -1 makes the new axis the last: [3, 4] and [3, 4] along 0
/// are [2, 3, 4], along 2 or -1 [3, 4, 2]. Throws UsageError where there is no value, ShapeError on
/// different shapes or another axis.
Value stack(std::span<const Value> values, int axis = 0,
            SourceLocation where = SourceLocation::current());
Value stack(std::initializer_list<Value> values, int axis = 0,
            SourceLocation where = SourceLocation::current());
/// The slices of size 1 along `axis`, without that axis. Costs nothing along axis 0.
std::vector<Value> unstack(Operand x, int axis = 0);

}  // namespace abax
