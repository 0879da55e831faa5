// Encoders of token sequences of different lengths: Transformer, LSTM, GRU, the latter two also
// bidirectional. What classifiers and encoder-decoders read with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/graph/graph.h"
#include "models/layers/recurrent_layer.h"
#include "models/layers/transformer.h"
#include "models/settings/fields.h"

namespace abax {

/// What an encoder is made of, and a decoder with it.
struct SequenceBlocks {
  std::string kind = "transformer";  // or one of recurrent_cells()
  std::int64_t width = 128;          // of the embedding and of each layer
  std::int64_t layers = 1;
  float dropout = 0;  // in training: after the embedding and each layer or branch
  // Of Transformer blocks; see TransformerConfig.
  std::int64_t heads = 4;
  std::int64_t feed_forward = 0;
  std::string positions = "learned";
  std::int64_t context = 0;  // tokens of the longest sequence
  // Of recurrent ones.
  bool bidirectional = false;  // encoders read from both ends, each with half the width
};
/// "blocks" is the kind; of the others those of that kind alone.
void fields(Fields& f, SequenceBlocks& blocks);

/// Blocks that only write: what encoders alone have is no setting of theirs.
struct DecoderBlocks : SequenceBlocks {};
void fields(Fields& f, DecoderBlocks& blocks);

/// What an encoder makes of a batch. Nothing of it depends on the padding or its amount.
struct Encoded {
  Value y;        // [length, batch, width]; beyond lengths[b] of no meaning
  Value lengths;  // i32 [batch]
  /// Of recurrent layers: their states after the last token, [batch, width]; bidirectional, after
  /// the last and the first one.
  std::vector<RecurrentState> last = {};
};

/// How the states of a sequence become one: "last" (of its last token), "mean", "max".
const std::vector<std::string>& pooling_kinds();
/// Of each sequence, [batch, width]; zeros where it has no token. The last state of recurrent
/// layers is their last h. Throws UsageError on another kind.
Value pooled(const Encoded& encoded, std::string_view kind,
             SourceLocation where = SourceLocation::current());
/// Declares the setting "pooling".
Field& pooling_field(Fields& f, std::string& pooling, std::string help);

/// Whether they are of a Transformer, else of one of recurrent_cells(). Throws UsageError where the
/// kind is neither.
bool are_transformer(const SequenceBlocks& blocks);
/// As blocks of a Transformer, which begin with Glorot's weights.
TransformerConfig transformer_blocks(const SequenceBlocks& blocks);

/// The parameter NAME [vocabulary, width] in the current scope: a table of embeddings.
Value embedding_table(Graph& graph, std::int64_t vocabulary, const SequenceBlocks& blocks,
                      std::string_view name = "embedding");

/// tokens i32 [length, batch], of which item b has the first lengths[b] (i32 [batch], 0 to length),
/// by the rows of `table` [vocabulary, width]. Blocks "transformer": positions, blocks that see all
/// of their sequence, normalisation. Blocks "lstm" and "gru": layers of `width` units;
/// bidirectional (Graves and Schmidhuber 2005), half of them read backwards. Dropout after the
/// embedding and each layer or branch. Parameters, in the current scope: position, block<i>/..,
/// norm; or lstm<i>/.., or lstm<i>/forward/.. and lstm<i>/backward/.. (gru<i>/.. likewise). Throws
/// UsageError where the settings do not fit together.
Encoded encode(Value tokens, Value lengths, Value table, const SequenceBlocks& blocks,
               SourceLocation where = SourceLocation::current());

}  // namespace abax
