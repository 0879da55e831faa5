// Recurrence over a whole sequence in one op: long short-term memory, gated recurrent units.
//
//     const LstmWeights weights{input, recurrent, bias};  // [width, 4h], [h, 4h], [4h]
//     const LstmSequence s = lstm(x, {h0, c0}, weights);  // x is [time, batch, width]
//     // s.y is [time, batch, h]; s.last goes into the next sequence of the same stream
//
// The products with the input are one matmul over all steps, and so are the weights' gradients; the
// recurrent product of a step runs on packed weights with its gates, split over hidden units.
#pragma once

#include "core/graph/graph.h"

namespace abax {

/// All f32. Along the axis of 4 * hidden stand the gates i, f, g, o (input, forget, cell, output),
/// as in PyTorch, whose weight_ih_l0 and weight_hh_l0 are the transposes of `input` and `recurrent`
/// and whose two biases add up to `bias`.
struct LstmWeights {
  Value input;      // [width, 4 * hidden]
  Value recurrent;  // [hidden, 4 * hidden]
  Value bias;       // [4 * hidden]
};

struct LstmState {
  Value h, c;  // f32 [batch, hidden]
};

struct LstmSequence {
  Value y;         // [time, batch, hidden]: h of every step
  LstmState last;  // after the last step
  Value gates;     // [time, batch, 4 * hidden], after sigmoid and tanh
};

/// Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate of Gers et al. 2000):
/// i, f, o = sigmoid(x W + h R + b), g = tanh(...), c = f * c + i * g, h = o * tanh(c). x is f32
/// [time, batch, width]. `lengths`, i32 [batch], says how many steps of each row count: beyond them
/// y is zero and the state stays, as in PyTorch's packed sequences. No gradient flows through
/// `gates`. Throws ShapeError on other shapes or types; at run time DataError on a length outside
/// [0, time].
LstmSequence lstm(Operand x, const LstmState& start, const LstmWeights& weights,
                  Value lengths = {});

/// All f32. Along the axis of 3 * hidden stand the gates r, z, n (reset, update, new), as in
/// PyTorch, whose weight_ih_l0 and weight_hh_l0 are the transposes of `input` and `recurrent`.
/// `bias` is its bias_ih_l0, with the parts r and z of bias_hh_l0 added; the part n of that is
/// `recurrent_bias`.
struct GruWeights {
  Value input;           // [width, 3 * hidden]
  Value recurrent;       // [hidden, 3 * hidden]
  Value bias;            // [3 * hidden]
  Value recurrent_bias;  // [hidden]
};

struct GruSequence {
  Value y;     // [time, batch, hidden]: h of every step
  Value last;  // [batch, hidden]: h after the last step
};

/// Gated recurrent units (Cho et al. 2014), the reset gate after the recurrent product as in
/// PyTorch: r, z = sigmoid(x W + h R + b), n = tanh(x W + b + r * (h R + recurrent_bias)),
/// h = (1 - z) * n + z * h. x is f32 [time, batch, width], h0 f32 [batch, hidden]; `lengths` and
/// errors as for lstm.
GruSequence gru(Operand x, Value h0, const GruWeights& weights, Value lengths = {});

}  // namespace abax
