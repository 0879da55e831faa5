// Layers: functions that make their parameters and build their part of the graph.
#pragma once

#include <string_view>

#include "core/graph/graph.h"

namespace abax {

/// x [.., in] -> x w + b [.., width]: parameters NAME/weight [in, width] (Glorot) and, if
/// `with_bias`, NAME/bias [width] (zeros, without weight decay).
Value linear(Operand x, std::int64_t width, std::string_view name, bool with_bias = true);

/// A layer of LSTM over x [time, batch, width] (see ops/recurrent.h for the equations): parameters
/// NAME/input_weight [width, 4 hidden] (Glorot), NAME/recurrent_weight [hidden, 4 hidden]
/// (orthogonal) and NAME/bias [4 hidden] (zeros; 1 for the forget gate, Jozefowicz et al. 2015).
/// Its state h, c [batch, hidden] is carried from run to run as NAME/h and NAME/c, for truncated
/// backpropagation through time. `keep` [] f32 multiplies the carried state first: 0 at the start
/// of a stream, else 1. Returns the outputs [time, batch, hidden].
Value lstm_layer(Operand x, std::int64_t hidden, Value keep, std::string_view name);

}  // namespace abax
