// Sentences in, sentences out.
#include "models/layers/text_modality.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/sum.h"
#include "models/layers/layers.h"
#include "models/layers/prediction.h"
#include "ops/elementwise.h"
#include "ops/loss.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

constexpr std::int32_t unknown = 0;  // of all tokenisers but bytes

/// x [time, batch] for the rows of a memory, [time, rows]: once a sample.
Value repeated(Value x, std::int64_t rows) {
  const std::int64_t time = x.shape()[0], batch = x.shape()[1];
  if (rows == batch) return x;
  return reshape(broadcast_to(reshape(x, {time, 1, batch}), {time, rows / batch, batch}),
                 {time, rows});
}

}  // namespace

void fields(Fields& f, TextModality& m, bool with_encoder) {
  vocabulary_field(f, m.vocabulary);
  if (with_encoder) f.part("encoder", m.encoder);
  f.part("decoder", m.decoder);
  // What writes sentences ends them there.
  if (!are_transformer(m.decoder)) f.derived("decoder-context", m.decoder.context).at_least(0);
  f("word-dropout", m.word_dropout,
    "share of the words that the decoder reads which become <unk> in training (Bowman et al. 2016)")
      .at_least(0)
      .at_most(1);
  tied_field(f, m.tied);
  if (!with_encoder) return;
  shared_embeddings_field(f, m.shared_embeddings, "encoder and decoder share one");
  f.require(
      !m.shared_embeddings || m.encoder.width == m.decoder.width,
      str_cat("encoder and decoder share an embedding only where they have one width; theirs are ",
              m.encoder.width, " and ", m.decoder.width));
}

Field& sentence_pooling_field(Fields& f, TextModality& m) {
  return pooling_field(f, m.pooling, "what stands for a sentence, of the encoder's states");
}

SentenceInputs sentence_inputs(Graph& g, const TextModality& m, std::int64_t batch,
                               std::int64_t time) {
  const auto vocabulary = static_cast<double>(m.vocabulary);
  return {.tokens = g.input("tokens", {time, batch}, i32, values_in(0, vocabulary)),
          .targets = g.input("targets", {time, batch}, i32, values_in(-1, vocabulary)),
          .lengths = g.input("lengths", {batch}, i32, values_in(0, time + 1)),
          .weights = g.input("weights", {batch}, f32)};
}

TextTables text_tables(Graph& g, const TextModality& m, bool with_encoder) {
  if (m.shared_embeddings) {
    const Value table = embedding_table(g, m.vocabulary, m.encoder);
    return {table, table};
  }
  return {with_encoder ? embedding_table(g, m.vocabulary, m.encoder, "encoder/embedding") : Value{},
          embedding_table(g, m.vocabulary, m.decoder, "decoder/embedding")};
}

Encoded sentence_states(const SentenceInputs& inputs, Value table, const TextModality& m) {
  const auto scope = table.graph().scope("encoder");
  return encode(inputs.tokens, inputs.lengths, table, m.encoder);
}

Value sentence_features(const SentenceInputs& inputs, Value table, const TextModality& m) {
  return pooled(sentence_states(inputs, table, m), m.pooling);
}

DecoderMemory latent_memory(Value z, const TextModality& m) {
  Graph& g = z.graph();
  DecoderMemory memory;
  {
    const auto decoder = g.scope("decoder");
    const auto scope = g.scope("latent");
    memory.vector = linear(z, m.decoder.width, "vector");
  }
  memory.start = latent_start(z, m);
  return memory;
}

std::vector<RecurrentState> latent_start(Value z, const TextModality& m) {
  std::vector<RecurrentState> states;
  if (are_transformer(m.decoder)) return states;
  const auto decoder = z.graph().scope("decoder");
  const auto scope = z.graph().scope("latent");
  for (std::int64_t layer = 0; layer < m.decoder.layers; ++layer) {
    const Value start = linear(z, m.decoder.width, str_cat("start", layer));
    states.push_back({tanh(start), m.decoder.kind == "lstm" ? start : Value{}});
  }
  return states;
}

Value sentence_logits(Value tokens, Value table, const DecoderMemory& memory, std::int64_t rows,
                      const TextModality& m) {
  const auto scope = table.graph().scope("decoder");
  const Value read = m.word_dropout > 0 ? word_dropout(tokens, m.word_dropout, unknown) : tokens;
  return token_logits(decode(repeated(read, rows), table, memory, m.decoder), table, m.tied);
}

void begin_sentences(const DecoderMemory& memory, Value table, const TextModality& m,
                     const DecodingShape& shape) {
  const auto scope = table.graph().scope("decoder");
  carry_memory(memory, table, m.decoder, shape);
}

Value sentence_step(Graph& g, const CarriedMemory& memory, const TextModality& m,
                    const DecodingShape& shape) {
  const Value table = text_tables(g, m, /*with_encoder=*/false).decoder;
  const auto scope = g.scope("decoder");
  return next_token_log_probabilities(decode_step(table, memory, m.decoder, shape), table, m.tied);
}

Value sentence_log_likelihood(Value logits, Value targets) {
  const std::int64_t rows = logits.shape()[1];
  return -sum(cross_entropy_rows(logits, repeated(targets, rows)).loss, {0});
}

Loss sentence_lengths(const SentenceInputs& inputs) {
  return {sum(cast(inputs.lengths, f32) * inputs.weights), sum(inputs.weights)};
}

}  // namespace abax
