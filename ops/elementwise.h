// Elementwise ops: arithmetic, functions, comparisons, selection, casts. Operands broadcast.
//
//     Value y = 2 * x + 1;                       // numbers are f32
//     Value loss = mean(square(y - target));
//     Value clipped = where(greater(y, 3), 3, y);
//
// An operand is a Value or, for one of the two, a number. Both operands have the same element type:
// f32 unless said otherwise; the result has the shape that both broadcast to (core/base/shape.h).
// A number beside f32 is rounded to f32; beside i32 it must be an integer of i32's, and is exact.
// All throw ShapeError on shapes that do not broadcast or on other element types, and UsageError
// where every operand is a number or one is no integer beside i32. Derivatives, and what they keep
// alive: ops/elementwise_definitions.h.
#pragma once

#include "core/graph/graph.h"

namespace abax {

// f32 or i32; i32 wraps around. The difference, like the others, takes any two shapes that
// broadcast.
Value operator+(Operand a, Operand b);
Value operator-(Operand a, Operand b);
Value operator*(Operand a, Operand b);
/// f32 only.
Value operator/(Operand a, Operand b);
/// f32 or i32. NaN where either is NaN. Where both are equal each gets half of the gradient.
Value minimum(Operand a, Operand b);
Value maximum(Operand a, Operand b);

// Comparisons of two f32 or two i32 operands; u8, 1 where it holds. They have no gradient. Only
// not_equal holds for a NaN.
Value less(Operand a, Operand b);
Value less_equal(Operand a, Operand b);
Value greater(Operand a, Operand b);
Value greater_equal(Operand a, Operand b);
Value equal(Operand a, Operand b);
Value not_equal(Operand a, Operand b);

/// a where `condition` (u8) is not 0, else b; all three broadcast. a and b: both f32, i32 or u8.
/// The gradient of the one not chosen is 0, whatever its value.
Value where(Operand condition, Operand a, Operand b);

Value operator-(Operand x);
Value square(Operand x);
Value abs(Operand x);   // derivative at 0: 0
Value relu(Operand x);  // max(x, 0), NaN for NaN; derivative at 0: 0, as in PyTorch
Value sqrt(Operand x);
Value rsqrt(Operand x);  // 1 / sqrt(x), both rounded
Value exp(Operand x);
Value log(Operand x);  // natural; -inf at 0, NaN below
Value tanh(Operand x);
Value sigmoid(Operand x);   // 1 / (1 + exp(-x))
Value softplus(Operand x);  // log(1 + exp(x)), without overflow
/// x / 2 (1 + erf(x / sqrt 2)), as PyTorch's default; Hendrycks and Gimpel 2016. Its gradient has
/// none.
Value gelu(Operand x);
/// x within [low, high]; the gradient passes where low <= x <= high. Throws UsageError where low >
/// high or one is NaN.
Value clamp(Operand x, float low, float high);

/// The standard normal's quantile of the probability x in (0, 1). No gradient.
Value normal_quantile(Operand x);

/// x as another element type. f32 to i32 rounds toward zero, out of range and NaN saturate (NaN to
/// 0); to u8 likewise within [0, 255]; i32 to f32 rounds to nearest. Gradient: only f32 to f32,
/// where it is x itself; otherwise none flows.
Value cast(Operand x, DType dtype);

}  // namespace abax
