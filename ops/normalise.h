// Softmax, its logarithm, and layer normalisation: fused ops with gradient ops of their own.
//
//     Value p = softmax(scores);              // scores is [rows, keys], along the last axis
//     Value y = layer_norm(x, scale, shift);  // x is [.., width]; scale and shift are [width]
#pragma once

#include "core/graph/graph.h"

namespace abax {

/// exp(x) / sum(exp(x)) along `axis`, f32. Computed from x - max(x), so that nothing overflows.
/// Where all of x is minus infinity (everything masked) the result is zeros, not NaN; where x holds
/// NaN or plus infinity, that row is NaN. Throws ShapeError where x is not f32 or has no such axis.
Value softmax(Operand x, int axis = -1);

/// x - log(sum(exp(x))) along `axis`, f32: the logarithm of softmax, without underflow. Where all
/// of x is minus infinity so is the result. Throws like softmax.
Value log_softmax(Operand x, int axis = -1);

/// Layer normalisation (Ba, Kiros and Hinton 2016, eq. 3 and 4) along the last axis:
/// (x - mean) / sqrt(variance + epsilon) * scale + shift, the variance being the biased one. x is
/// f32 [.., width], scale and shift are f32 [width]; epsilon > 0. Throws ShapeError on other shapes
/// or types, UsageError on another epsilon.
Value layer_norm(Operand x, Operand scale, Operand shift, float epsilon = 1e-5f);

/// The same with the moments. No gradient flows through these.
struct LayerNormParts {
  Value y;                  // [.., width]
  Value mean;               // [..]
  Value inverse_deviation;  // 1 / sqrt(variance + epsilon), [..]
};
LayerNormParts layer_norm_parts(Operand x, Operand scale, Operand shift, float epsilon = 1e-5f);

}  // namespace abax
