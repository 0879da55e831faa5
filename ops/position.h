// Positions in a sequence: sinusoids, and rotary positions for attention.
//
//     Value q = rotary(matmul(x, wq), heads, first);   // x is [time, batch, width]
//     Value k = rotary(matmul(x, wk), heads, first);   // the products of q and k know distances
//
// `first` is the position of row 0: 0 in training, the number of rows before it in generation with
// a cache. The angles are computed in double and rounded, so that they are the same bits at every
// SIMD level; all rotary() of a graph with one `first` and one head width share them.
#pragma once

#include "core/graph/graph.h"

namespace abax {

/// f32 [time, width], or [time, batch, width] where `first` is i32 [batch] instead of []: row t
/// holds sin((first + t) * 10000^(-2i/width)) at i < width / 2 and the cosine of the same angle at
/// i + width / 2 (Vaswani et al. 2017, section 3.5, whose interleaved order is a permutation of
/// this: the two halves are contiguous, and the weights that follow do not care). Throws ShapeError
/// on an odd width, a negative time, another type. `first` gets no gradient.
Value sinusoidal_positions(Operand first, std::int64_t time, std::int64_t width);

/// x, f32 [time, batch, heads * d] with d even, rotated: in each head the pair (i, i + d/2) turns
/// by the angle (first + t) * 10000^(-2i/d) (Su et al. 2021, "RoFormer", eq. 34, with the pairs of
/// GPT-NeoX and LLaMA). `first` is i32 [] or [batch], or a number. The gradient of x turns back;
/// `first` gets none. Throws ShapeError on other shapes or types.
Value rotary(Operand x, std::int64_t heads, Operand first);

}  // namespace abax
