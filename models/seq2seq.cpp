// Encoder and decoder, trained on whole targets or run step by step.
#include "models/seq2seq.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers/decoder.h"
#include "models/layers/layers.h"
#include "models/layers/prediction.h"

namespace abax {
namespace {

SequenceBlocks decoder_blocks(const Seq2Seq& s) {
  SequenceBlocks blocks = s.blocks;
  if (are_transformer(blocks) && s.decoder_layers > 0) blocks.layers = s.decoder_layers;
  return blocks;
}

std::string unshareable(const Seq2Seq& s) {
  return str_cat(
      "source and target share an embedding only where they share a vocabulary; theirs are of ",
      s.source_vocabulary, " and ", s.vocabulary, " tokens");
}

struct Tables {
  Value source, target;  // [vocabulary, width]
};

Tables embedding_tables(Graph& g, const Seq2Seq& s) {
  if (s.shared_embeddings) {
    if (s.source_vocabulary != s.vocabulary) throw UsageError(unshareable(s));
    const Value table = embedding_table(g, s.vocabulary, s.blocks);
    return {table, table};
  }
  return {embedding_table(g, s.source_vocabulary, s.blocks, "encoder/embedding"),
          embedding_table(g, s.vocabulary, s.blocks, "decoder/embedding")};
}

Encoded encode_source(Graph& g, Value table, const Seq2Seq& s, std::int64_t length,
                      std::int64_t batch) {
  const Value source = g.input("source", {length, batch}, i32, values_in(0, s.source_vocabulary));
  const Value lengths = g.input("source_lengths", {batch}, i32, values_in(0, length + 1));
  const auto scope = g.scope("encoder");
  const Encoded encoded = encode(source, lengths, table, s.blocks);
  if (!are_transformer(s.blocks) && s.decoder_layers > 0 && s.decoder_layers != s.blocks.layers)
    throw UsageError(
        str_cat("recurrent layers of a decoder begin where those of the encoder end: there are ",
                s.blocks.layers, " of the one and ", s.decoder_layers, " of the other"));
  return encoded;
}

DecoderMemory memory_of(const Encoded& encoded) {
  return {.sequence = encoded.y, .lengths = encoded.lengths, .start = encoded.last};
}

}  // namespace

void fields(Fields& f, Seq2Seq& s) {
  f.derived("source-vocabulary-size", s.source_vocabulary)
      .formerly("source-vocabulary")
      .at_least(1);
  vocabulary_field(f, s.vocabulary);
  f.part(s.blocks);
  if (are_transformer(s.blocks))
    f("decoder-layers", s.decoder_layers, "layers of the decoder; 0: as the encoder")
        .at_least(0)
        .at_most(1000);
  else
    context_field(f, s.blocks.context);  // translators cut longer sources, and end targets
  tied_field(f, s.tied);
  shared_embeddings_field(f, s.shared_embeddings, "source and target share one");
  label_smoothing_field(f, s.label_smoothing);
  f.require(!s.shared_embeddings || s.source_vocabulary == s.vocabulary, unshareable(s));
}

Model sequence_to_sequence(Graph& g, const Seq2Seq& s, const BatchShape& shape) {
  const Tables tables = embedding_tables(g, s);
  const Encoded encoded = encode_source(g, tables.source, s, shape.length, shape.batch);
  const auto vocabulary = static_cast<double>(s.vocabulary);
  const Shape target{shape.target_length, shape.batch};
  const Value tokens = g.input("tokens", target, i32, values_in(0, vocabulary));
  const Value targets = g.input("targets", target, i32, values_in(-1, vocabulary));
  Value logits;  // [target_length, batch, vocabulary]
  {
    const auto scope = g.scope("decoder");
    const Value x = decode(tokens, tables.target, memory_of(encoded), decoder_blocks(s));
    logits = token_logits(x, tables.target, s.tied);
  }
  g.name(logits, "logits");
  const Loss loss = prediction_loss(logits, targets, s.label_smoothing);
  return {logits, loss, prediction_metrics(logits, targets, loss)};
}

void begin_decoding(Graph& g, const Seq2Seq& s, const DecodingShape& shape) {
  const Tables tables = embedding_tables(g, s);
  const Encoded encoded = encode_source(g, tables.source, s, shape.length, shape.batch);
  const auto scope = g.scope("decoder");
  carry_memory(memory_of(encoded), tables.target, decoder_blocks(s), shape);
}

Value decoding_step(Graph& g, const Seq2Seq& s, const DecodingShape& shape) {
  const Tables tables = embedding_tables(g, s);
  const auto scope = g.scope("decoder");
  const Value x = decode_step(tables.target, {.length = shape.length}, decoder_blocks(s), shape);
  return next_token_log_probabilities(x, tables.target, s.tied);
}

}  // namespace abax
