// Layers: functions that make their parameters and build their part of the graph.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/graph/graph.h"
#include "models/settings/fields.h"
#include "ops/recurrent.h"

namespace abax {

// All throw ShapeError or UsageError, with the caller's place, on shapes that do not fit and on
// parameters whose names the graph has already.

/// The shape of x, which a layer expects to be of this rank (0: of one axis at least) and element
/// type: `expected` says it in the message, "[time, batch, width]".
const Shape& checked_shape(std::string_view layer, std::string_view expected, const Operand& x,
                           int rank, DType dtype = f32);

/// x [.., in] -> x w + b [.., width]: parameters NAME/weight [in, width] (`initial`) and, if
/// `with_bias`, NAME/bias [width] (zeros, without weight decay).
Value linear(Operand x, std::int64_t width, std::string_view name, bool with_bias = true,
             const Initialiser& initial = init::glorot());

/// A convolution of x [batch, height, width, in] with kernels of `size` x `size` pixels: [batch,
/// ceil(height / stride), .., channels], zeros around (see same_padding()). Parameters NAME/weight
/// [size, size, in, channels] (Glorot) and NAME/bias [channels] (zeros, without weight decay).
Value convolution(Operand x, std::int64_t channels, std::int64_t size, std::string_view name,
                  std::int64_t stride = 1);

/// What leads back from such a convolution's result x [batch, .., in] to images [batch, height,
/// width, channels], `image` being {height, width}; parameters likewise.
Value transposed_convolution(Operand x, const Shape& image, std::int64_t channels,
                             std::int64_t size, std::string_view name, std::int64_t stride);

/// Layer normalisation along the last axis of x [.., width]: parameters NAME/scale (ones) and
/// NAME/shift (zeros), both [width] and without weight decay.
Value normalise(Operand x, std::string_view name);

/// tokens i32 of any shape, of which in a training graph each becomes `unknown` with the
/// probability `rate`, anew at each run (Bowman et al. 2016, section 3.1: a decoder that cannot
/// rely on the words before). `rate` is a number in [0, 1], or f32 [] where it follows a schedule:
/// `scheduled(g, "word_dropout", 0)`. In an evaluation graph the tokens as they are. Throws
/// ShapeError on tokens or rates of another type, UsageError on a number out of range.
Value word_dropout(Operand tokens, Operand rate, std::int32_t unknown);

/// A number that a schedule may change from step to step: in a training graph an input of that
/// name, f32 []; in an evaluation graph the constant `otherwise`.
Value scheduled(Graph& graph, std::string_view name, float otherwise);

/// One number as i32 [], such as a position.
Value whole_number(Graph& graph, std::int32_t value);

/// Parameters of a layer of LSTM that reads `width` values, in the current scope: input_weight
/// [width, 4 hidden] (Glorot), recurrent_weight [hidden, 4 hidden] (orthogonal) and bias [4 hidden]
/// (zeros; 1 for the forget gate, Jozefowicz et al. 2015).
LstmWeights lstm_weights(Graph& graph, std::int64_t width, std::int64_t hidden,
                         SourceLocation where = SourceLocation::current());

/// A layer of LSTM over x [time, batch, width] (see ops/recurrent.h for the equations), whose
/// parameters are NAME/input_weight and so on. Its state h, c [batch, hidden] is carried from run
/// to run as NAME/h and NAME/c, for truncated backpropagation through time. `keep` [] f32
/// multiplies the carried state first: 0 at the start of a stream, else 1. Returns the outputs
/// [time, batch, hidden].
Value lstm_layer(Operand x, std::int64_t hidden, Value keep, std::string_view name);

// Fields that the settings of many models have; `help` says what is meant there.

/// "width", 1 to 65536.
Field& width_field(Fields& f, std::int64_t& width, std::string help);
/// "layers", 1 to 1000.
Field& layers_field(Fields& f, std::int64_t& layers, std::string help);
/// "dropout", from 0 to below 1: in training graphs.
Field& dropout_field(Fields& f, float& dropout);
/// "context", derived: tokens of the longest sequence.
Field& context_field(Fields& f, std::int64_t& context);

}  // namespace abax
