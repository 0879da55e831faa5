// Reductions along any axes: sum, mean, max, logsumexp; argmax along one.
//
//     Value per_row = sum(x, {-1});                        // x is [n, width], the result [n]
//     Value centred = x - mean(x, {0}, Keep::axes);        // the mean is [1, width]
//     Value loss = mean(square(y - target));               // over all axes: []
//
// x is f32 of any shape. Axes may count from the back, in any order, each once; a call without axes
// takes all of them. Throws ShapeError otherwise, and where x is not f32. Bits depend on shape and
// SIMD level alone: the order of summation is fixed.
#pragma once

#include <initializer_list>

#include "core/graph/graph.h"

namespace abax {

/// Whether the reduced axes stay, with size 1.
enum class Keep : std::uint8_t { none, axes };

/// Sums of blocks that are summed in turn; 0 over nothing.
Value sum(Operand x);
Value sum(Operand x, std::initializer_list<int> axes, Keep keep = Keep::none);
/// sum / count; NaN over nothing.
Value mean(Operand x);
Value mean(Operand x, std::initializer_list<int> axes, Keep keep = Keep::none);
/// -inf over nothing, NaN where an element is NaN. Equal maxima share the gradient evenly, as in
/// PyTorch's amax.
Value max(Operand x);
Value max(Operand x, std::initializer_list<int> axes, Keep keep = Keep::none);
/// log(sum(exp(x))) without overflow; -inf over nothing. The gradient is the softmax of x; 0 where
/// all elements are -inf.
Value logsumexp(Operand x);
Value logsumexp(Operand x, std::initializer_list<int> axes, Keep keep = Keep::none);

/// The position of the greatest element along `axis`, i32: the first of equals, or the first NaN
/// where there is one. No gradient. Throws ShapeError where the axis has size 0.
Value argmax(Operand x, int axis, Keep keep = Keep::none);

}  // namespace abax
