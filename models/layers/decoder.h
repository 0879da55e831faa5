// The decoder of a sequence, from what it is given (a sequence to attend to, a vector, states to
// begin with) to the hidden values of its tokens: all of them at once, or step by step. What
// encoder-decoders and autoencoders of text write with.
//
//     const auto scope = g.scope("decoder");
//     const Value x = decode(tokens, table, {.sequence = encoded.y, .lengths = encoded.lengths},
//                            blocks);                          // [time, rows, width]
//     const Value logits = token_logits(x, table, /*tied=*/false);
#pragma once

#include <cstdint>
#include <vector>

#include "core/graph/graph.h"
#include "models/layers/encoder.h"

namespace abax {

/// What a decoder is given besides the tokens before. Each may be empty.
struct DecoderMemory {
  Value sequence = {};  // [length, rows, width]: it is attended to
  Value lengths = {};   // i32 [rows]: so much of the sequence counts; empty: all of it
  Value vector = {};    // [rows, width]: added to the embedding of each token
  std::vector<RecurrentState> start = {};  // of recurrent layers, one each; empty: zeros
};

/// The hidden values [time, rows, width] of tokens i32 [time, rows], each given those before it and
/// the memory. Transformer blocks attend to the sequence in every block; of recurrent layers the
/// last one's outputs h become tanh([c; h] W), c being the attention with scores h W e (Luong et
/// al. 2015, eq. 5 and 8, "general"). Parameters, in the current scope: position, block<i>/.. with
/// cross/.., norm; or lstm<i>/.. (gru<i>/..) and attention/{query,output}. Throws UsageError where
/// blocks or memory do not fit together.
Value decode(Operand tokens, Value table, const DecoderMemory& memory,
             const SequenceBlocks& blocks);

// The same step by step, by two graphs of one label; see models/step_decoder.h.

/// What decoding step by step is made for: `beam` hypotheses of each of `batch` sentences, which
/// are neighbouring rows of the step's batch.
struct DecodingShape {
  std::int64_t batch = 1;
  std::int64_t length = 1;  // tokens of the longest source
  std::int64_t beam = 1;
  std::int64_t limit = 1;  // steps
  std::int64_t rows() const { return batch * beam; }
};

/// Makes carried state of the memory (of `shape.batch` items), in the current scope: each item for
/// all its hypotheses.
void carry_memory(const DecoderMemory& memory, Value table, const SequenceBlocks& blocks,
                  const DecodingShape& shape);
/// What carry_memory() was given.
struct CarriedMemory {
  std::int64_t length = 0;  // of the sequence; 0: there is none
  bool vector = false;
};
/// The hidden values [1, rows, width] of the next token. Makes the inputs of a step.
Value decode_step(Value table, const CarriedMemory& memory, const SequenceBlocks& blocks,
                  const DecodingShape& shape);

}  // namespace abax
