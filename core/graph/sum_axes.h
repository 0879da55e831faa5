// Sums of a tensor over some of its axes, for the gradient of broadcasting and for reductions.
#pragma once

#include <array>
#include <cstdint>

#include "core/graph/op.h"

namespace abax {

/// Which axes a reduction takes, by their number.
using Axes = std::array<bool, Shape::max_rank>;

/// Sums input 0, f32 of `shape`, over the axes marked in `axes`, into output 0: the sums in
/// row-major order of the other axes. Parts and the order of summation follow from `shape` and
/// `axes` alone.
Kernel sum_axes_kernel(const Shape& shape, const Axes& axes, Level level);

}  // namespace abax
