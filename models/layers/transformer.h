// Transformer blocks that normalise before each branch: encoder, decoder, decoder with
// cross-attention (Vaswani et al. 2017; Xiong et al. 2020, "On layer normalization in the
// Transformer architecture", figure 1b).
//
//     Value x = embed(tokens, table, config);                   // tokens is [time, batch]
//     for (int i = 0; i < config.layers; ++i) {
//       const auto scope = g.scope("block", i);
//       x = transformer_block(x, config, WholeSequence{.causal = true});   // [time, batch, width]
//     }
//     x = normalise(x, "norm");
//
// Parameters are made in the current scope; models/layers/layers.h says how a layer's are called.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/graph/graph.h"
#include "models/settings/fields.h"

namespace abax {

/// How weights begin. GPT-2's (Radford et al. 2019, section 2.3): normal with deviation 0.02, and
/// 0.02 / sqrt(2 layers) where a branch ends, so that the sum over branches does not grow with
/// their number. Glorot's, with which fairseq's encoder-decoders begin: wider at small widths (0.09
/// at 128). Of one translation model of that width, 120 steps in, the validation loss was 5.10 nats
/// with Glorot's and 5.60 with GPT-2's.
enum class TransformerStart : std::uint8_t { gpt2, glorot };

struct TransformerConfig {
  std::int64_t width = 128;
  std::int64_t layers = 1;
  std::int64_t heads = 4;         // of the self- and the cross-attention; a divisor of the width
  std::int64_t feed_forward = 0;  // width inside the feed-forward branch; 0: 4 width
  float dropout = 0;              // in training: of the embedding, and of each branch's result
  std::string positions = "learned";                // one of position_kinds()
  std::int64_t context = 0;                         // rows of the table of learned positions
  TransformerStart start = TransformerStart::gpt2;  // as the model says
};

/// "width", "layers", "heads", "feed-forward", "positions", "dropout" and, derived, "context".
void fields(Fields& f, TransformerConfig& config);
/// Those of attention alone: "heads", "feed-forward" and "positions".
void attention_fields(Fields& f, std::int64_t& heads, std::int64_t& feed_forward,
                      std::string& positions);

/// "learned": a table's row is added. "sinusoidal": sines and cosines are added to the embedding
/// times sqrt(width), so that neither drowns the other (Vaswani et al. 2017, sections 3.4 and 3.5).
/// "rotary": queries and keys are rotated (Su et al. 2021).
const std::vector<std::string>& position_kinds();

/// What does not fit together, for a message, or "": a width that is no multiple of the heads, a
/// head's odd size though positions are rotary, an unknown kind of positions.
std::string misfit(const TransformerConfig& config);
/// Throws UsageError with it.
void check_transformer(const TransformerConfig& config);

/// How the weights of projections begin, and those of the embedding.
Initialiser weight_start(const TransformerConfig& config);
Initialiser embedding_start(const TransformerConfig& config);

/// Rows of `table` [vocabulary, width] with their positions, after dropout: tokens i32 [time,
/// batch] -> [time, batch, width]. Row 0 is at position `first` i32 [], 0 where it is empty;
/// learned positions take one row then. Throws UsageError where learned positions are fewer than
/// the rows, ShapeError where tokens or table do not fit. Parameter: position [context, width],
/// where they are learned.
Value embed(Operand tokens, Value table, const TransformerConfig& config, Value first = {});

// What the rows of x see in a block's self-attention.

/// Of x all rows or, with `causal`, those up to themselves; of batch item b the first lengths[b]
/// (i32 [batch]; empty: all).
struct WholeSequence {
  bool causal = false;
  Value lengths = {};
};

/// Of x the rows up to themselves, and `size` rows before them: the inputs of this block in the
/// runs before, which are carried state ("memory") without gradient (Dai et al. 2019, section 3.2;
/// the relative positions are rotary ones). Those from `first` i32 [batch] on are there.
struct SegmentMemory {
  std::int64_t size = 0;
  Value first = {};
};

/// x is one step of a stream: its keys and values become row `row` i32 [] of the carried state
/// attention/keys and attention/values [size, batch, width], of which the rows below `last` i32
/// [batch] are seen. The step is at `position` i32 []. Where `parents` i32 [batch] is not empty,
/// item b goes on where item parents[b] was.
struct KeyValueCache {
  std::int64_t size = 0;
  Value row = {};
  Value position = {};
  Value last = {};
  Value parents = {};
};

using SelfAttention = std::variant<WholeSequence, SegmentMemory, KeyValueCache>;

/// What a cross-attention reads, projected: keys and values [length, batch, width], of which batch
/// item b sees the first lengths[b] (i32 [batch]; empty: all).
struct CrossKeys {
  Value keys, values;
  Value lengths;
};

/// `encoded` [length, batch, width] as the keys and values of the cross-attention of the block of
/// the current scope. Parameters: cross/key, cross/value.
CrossKeys cross_keys(Value encoded, Value lengths, const TransformerConfig& config);

/// x + self-attention, where `cross` has keys + cross-attention, + feed-forward (with GELU), each
/// of the normalised sum so far: x [time, batch, width] -> the same shape. Parameters:
/// attention_norm, attention/{query,key,value,output}, cross_norm, cross/{query,output},
/// feed_forward_norm, feed_forward/{in,out}. Throws UsageError where the configuration does not fit
/// together, ShapeError on x of another rank or width.
Value transformer_block(Operand x, const TransformerConfig& config, const SelfAttention& seen,
                        const CrossKeys& cross = {});

}  // namespace abax
