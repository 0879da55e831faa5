// Reductions along any axes: sum, mean, max, logsumexp; argmax along one.
//
//     Value per_row = sum(x, -1);                          // x is [n, width], the result [n]
//     Value centred = x - mean(x, {0}, Keep::axes);        // the mean is [1, width]
//     Value loss = mean(square(y - target));               // over all axes: []
//
// x is f32 of any shape. Axes are one, a list ({0, 1}) or computed (a vector or span of int); they
// may count from the back, in any order, each once. An empty list takes none, a call without axes
// all of them. Throws ShapeError otherwise, and where x is not f32. Bits depend on shape and
// SIMD level alone: the order of summation is fixed.
#pragma once

#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "core/graph/graph.h"

namespace abax {

/// Whether the reduced axes stay, with size 1.
enum class Keep : std::uint8_t { none, axes };

/// Axes as an argument: sum(x, -1), sum(x, {0, 1}), sum(x, axes).
class AxisList {
 public:
  AxisList(int axis) : axes_{axis} {}
  AxisList(bool) = delete;  // nor of a fraction
  AxisList(double) = delete;
  AxisList(std::initializer_list<int> axes) : axes_(axes) {}
  AxisList(std::span<const int> axes) : axes_(axes.begin(), axes.end()) {}
  AxisList(std::vector<int> axes) : axes_(std::move(axes)) {}
  const std::vector<int>& axes() const { return axes_; }

 private:
  std::vector<int> axes_;
};

/// Sums of blocks that are summed in turn; 0 over nothing.
Value sum(Operand x);
Value sum(Operand x, const AxisList& axes, Keep keep = Keep::none);
/// sum / count; NaN over nothing.
Value mean(Operand x);
Value mean(Operand x, const AxisList& axes, Keep keep = Keep::none);
/// -inf over nothing, NaN where an element is NaN. Equal maxima share the gradient evenly, as in
/// PyTorch's amax.
Value max(Operand x);
Value max(Operand x, const AxisList& axes, Keep keep = Keep::none);
/// log(sum(exp(x))) without overflow; -inf over nothing. The gradient is the softmax of x; 0 where
/// all elements are -inf.
Value logsumexp(Operand x);
Value logsumexp(Operand x, const AxisList& axes, Keep keep = Keep::none);

/// The position of the greatest element along `axis`, i32: the first of equals, or the first NaN
/// where there is one. No gradient. Throws ShapeError where the axis has size 0.
Value argmax(Operand x, int axis, Keep keep = Keep::none);

}  // namespace abax
