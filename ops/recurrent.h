// Recurrence over a whole sequence in one op: long short-term memory.
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

}  // namespace abax
