// Encoders of token sequences of different lengths: Transformer, LSTM, GRU, the latter two also
// bidirectional. What classifiers and encoder-decoders read with.
#pragma once

#include <vector>

#include "core/graph/graph.h"
#include "models/layers/recurrent_layer.h"
#include "models/layers/transformer.h"
#include "models/model_config.h"

namespace abax {

/// What an encoder makes of a batch. Nothing of it depends on the padding or its amount.
struct Encoded {
  Value y;        // [length, batch, width]; beyond lengths[b] of no meaning
  Value lengths;  // i32 [batch]
  /// Of recurrent layers: their states after the last token, [batch, width]; bidirectional, after
  /// the last and the first one.
  std::vector<RecurrentState> last = {};
};

/// The blocks of an encoder and of a decoder, which begin with Glorot's weights.
TransformerConfig encoder_blocks(const ModelConfig& config);
TransformerConfig decoder_blocks(const ModelConfig& config);

/// Whether ModelConfig::blocks says "transformer"; else it is one of recurrent_cells(). Throws
/// UsageError where it is neither.
bool has_transformer_blocks(const ModelConfig& config);

/// The parameter NAME [vocabulary, width] in the current scope: a table of embeddings.
Value embedding_table(Graph& graph, std::int64_t vocabulary, const ModelConfig& config,
                      std::string_view name = "embedding");

/// tokens i32 [length, batch], of which item b has the first lengths[b] (i32 [batch], 0 to length),
/// by the rows of `table` [vocabulary, width]. Blocks "transformer": positions, blocks that see all
/// of their sequence, normalisation. Blocks "lstm" and "gru": layers of `width` units;
/// bidirectional (Graves and Schmidhuber 2005), half of them read backwards. Dropout after the
/// embedding and each layer or branch. Parameters, in the current scope: position, block<i>/..,
/// norm; or lstm<i>/.., or lstm<i>/forward/.. and lstm<i>/backward/.. (gru<i>/.. likewise). Throws
/// UsageError where the configuration does not fit together.
Encoded encode(Value tokens, Value lengths, Value table, const ModelConfig& config);

}  // namespace abax
