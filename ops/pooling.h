// Images [batch, height, width, channels] made smaller and larger by a whole factor.
//
//     Value smaller = average_pool(x, 2);         // half the height and width
//     Value larger = resize_nearest(smaller, 2);  // x's shape again
//
// Windows are `factor` x `factor` pixels and do not overlap. All throw ShapeError where x is no f32
// image or the factor is below 1, and the pools where it does not divide height and width.
#pragma once

#include <cstdint>

#include "core/graph/graph.h"

namespace abax {

/// The mean of each window.
Value average_pool(Operand x, std::int64_t factor);
/// The greatest of each window; NaN where one is NaN. Equal maxima share the gradient evenly.
Value max_pool(Operand x, std::int64_t factor);
/// Each pixel becomes a window of its value: the nearest neighbour. With a convolution after it, it
/// leads to larger images without the pattern that transposed convolutions can leave (Odena et al.
/// 2016, "Deconvolution and checkerboard artifacts").
Value resize_nearest(Operand x, std::int64_t factor);

}  // namespace abax
