// The modality of sentences: what a model with a latent needs of them, whatever the latent is.
// Inputs, features from the encoder, logits and their likelihood from the decoder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/graph/graph.h"
#include "core/graph/loss.h"
#include "models/layers/decoder.h"
#include "models/settings/fields.h"

namespace abax {

struct TextModality {
  std::int64_t vocabulary = 0;  // with the begin and the end token
  SequenceBlocks encoder = {.kind = "lstm"};
  DecoderBlocks decoder = {{.kind = "lstm"}};
  std::string pooling = "last";    // of the encoder, see pooled()
  float word_dropout = 0;          // of the tokens that the decoder reads, in training
  bool tied = false;               // see token_logits()
  bool shared_embeddings = false;  // encoder and decoder have one embedding
};
/// All but "pooling", which not every model reads; those of the decoder alone where there is no
/// encoder.
void fields(Fields& f, TextModality& m, bool with_encoder = true);
/// Declares the setting "pooling", what sentence_features() reads.
Field& sentence_pooling_field(Fields& f, TextModality& m);

/// The inputs of a graph over sentences; see models/model.h, task "sentences".
struct SentenceInputs {
  Value tokens, targets;  // i32 [time, batch]
  Value lengths;          // i32 [batch]
  Value weights;          // f32 [batch]
};
SentenceInputs sentence_inputs(Graph& graph, const TextModality& modality, std::int64_t batch,
                               std::int64_t time);

/// What both halves read words by, [vocabulary, width]: the parameters encoder/embedding and
/// decoder/embedding, or one `embedding` for both. Without an encoder there is no table of its own.
struct TextTables {
  Value encoder, decoder;
};
TextTables text_tables(Graph& graph, const TextModality& modality, bool with_encoder = true);

/// What the encoder makes of sentences, state by state. Parameters: encoder/..
Encoded sentence_states(const SentenceInputs& inputs, Value table, const TextModality& modality);
/// The same as one vector a sentence, [batch, encoder width].
Value sentence_features(const SentenceInputs& inputs, Value table, const TextModality& modality);

/// What a decoder is given of a latent z [rows, size] that stands for whole sentences: a vector at
/// every step and, of recurrent layers, the states that they begin with, all linear in z (the h of
/// a state is its tanh). Parameters: decoder/latent/vector, decoder/latent/start<i>.
DecoderMemory latent_memory(Value z, const TextModality& modality);
/// The states alone; none of Transformer blocks.
std::vector<RecurrentState> latent_start(Value z, const TextModality& modality);

/// Logits [time, rows, vocabulary] of tokens i32 [time, batch] given the memory, whose rows are
/// those of the batch or several times as many: each memory of the batch in turn, [samples, batch].
/// In a training graph after word dropout. Parameters: decoder/..
Value sentence_logits(Value tokens, Value table, const DecoderMemory& memory, std::int64_t rows,
                      const TextModality& modality);
/// The same step by step, see models/step_decoder.h: what a StepDecoder's `begin` does with the
/// memory of `shape.batch` sentences, and its `step`.
void begin_sentences(const DecoderMemory& memory, Value table, const TextModality& modality,
                     const DecodingShape& shape);
Value sentence_step(Graph& graph, const CarriedMemory& memory, const TextModality& modality,
                    const DecodingShape& shape);

/// log p(x) in nats of each row: logits [time, rows, vocabulary], targets i32 [time, batch] (-1 is
/// not counted) as above -> [rows].
Value sentence_log_likelihood(Value logits, Value targets);

/// The metric "tokens": how many targets of a sentence count.
Loss sentence_lengths(const SentenceInputs& inputs);

}  // namespace abax
