// A recurrent layer by the name of its cell: what encoders and decoders are made of.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/graph/graph.h"

namespace abax {

/// f32 [batch, hidden] each; of GRU there is no c.
struct RecurrentState {
  Value h, c;
};

struct RecurrentSequence {
  Value y;              // [time, batch, hidden]: h of every step; zeros beyond an item's length
  RecurrentState last;  // after the last step of each item
};

/// The names of the cells: "lstm" and "gru" (see ops/recurrent.h for their equations).
const std::vector<std::string>& recurrent_cells();

/// Zeros.
RecurrentState recurrent_start(Graph& graph, std::string_view cell, std::int64_t batch,
                               std::int64_t hidden);

/// x [time, batch, width] from the state `start` on, of item b the first lengths[b] steps (i32
/// [batch]; empty: all). Parameters, in the current scope: of LSTM those of lstm_weights()
/// (models/layers/layers.h); of GRU input_weight [width, 3 hidden] (Glorot), recurrent_weight
/// [hidden, 3 hidden] (orthogonal), bias [3 hidden] and recurrent_bias [hidden] (zeros). Throws
/// UsageError on an unknown cell, ShapeError on x or a start that does not fit.
RecurrentSequence recurrent_layer(Operand x, std::string_view cell, const RecurrentState& start,
                                  Value lengths = {});

}  // namespace abax
