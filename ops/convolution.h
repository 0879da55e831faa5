// Convolutions of images, [batch, height, width, channels] f32, and transposed ones.
//
//     Value h = relu(conv2d(x, kernel, {.stride = 2, .padding = {1, 1, 1, 1}}));
//
// A bias is added like any other value, [channels]: the sum and the functions after it run while
// the result is in the cache.
#pragma once

#include <cstdint>

#include "core/graph/graph.h"

namespace abax {

/// Zeros around an image, in pixels.
struct Padding {
  std::int64_t top = 0, bottom = 0, left = 0, right = 0;
};

struct ConvolutionOptions {
  std::int64_t stride = 1;  // in both directions
  Padding padding = {};
};

/// The zeros for which a convolution's result has ceil(size / stride) rows and columns, an odd one
/// at the bottom and at the right (as TensorFlow's SAME).
Padding same_padding(std::int64_t height, std::int64_t width, std::int64_t kernel_height,
                     std::int64_t kernel_width, std::int64_t stride = 1);

/// y[b, i, j, o] = the sum over u, v, c of x[b, i stride + u - top, j stride + v - left, c]
/// kernel[u, v, c, o], x being 0 outside: x [batch, height, width, in], kernel [kernel_height,
/// kernel_width, in, out] gives [batch, (height + top + bottom - kernel_height) / stride + 1, ..,
/// out], rounded down. Throws ShapeError where channels differ or the kernel does not fit, on
/// another rank or type, or on a stride below 1 or negative padding.
Value conv2d(Operand x, Operand kernel, ConvolutionOptions options = {});

/// The transposed convolution, by which conv2d's gradient flows: y[b, p, q, o] = the sum over all
/// i, u with i stride + u - top = p, likewise j, v with q, and over c, of x[b, i, j, c] kernel[u,
/// v, c, o]. kernel is [kernel_height, kernel_width, in, out]; the result [batch, height, width,
/// out] has the size that is asked for, which must be one of which conv2d with these options makes
/// x's. Throws ShapeError otherwise, and like conv2d.
Value conv2d_transposed(Operand x, Operand kernel, std::int64_t height, std::int64_t width,
                        ConvolutionOptions options = {});

}  // namespace abax
