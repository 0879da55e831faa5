// Encoder and decoder, trained on whole targets or run step by step.
#include "models/seq2seq.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers/encoder.h"
#include "models/layers/layers.h"
#include "models/layers/prediction.h"
#include "models/layers/transformer.h"
#include "ops/attention.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/normalise.h"
#include "ops/shape.h"

namespace abax {
namespace {

TransformerConfig decoder_blocks(const Seq2Seq& s) {
  TransformerConfig blocks = transformer_blocks(s.blocks);
  if (s.decoder_layers > 0) blocks.layers = s.decoder_layers;
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

/// x [time, batch, width], the last layer's values -> logits [time, batch, vocabulary].
Value decoder_logits(Value x, Value table, const Seq2Seq& s) {
  return token_logits(x, table, s.tied, init::glorot());
}

/// h [time, batch, width] and what it finds in `encoded` [length, batch, width] -> [time, batch,
/// width].
Value attend(Value h, Value encoded, Value lengths, const Seq2Seq& s) {
  const auto scope = h.graph().scope("attention");
  const Value query = linear(h, s.blocks.width, "query", /*with_bias=*/false);
  const Value found = attention(query, encoded, encoded, {.heads = 1, .scale = 1}, {}, lengths);
  return dropout(tanh(linear(concat({found, h}, 2), s.blocks.width, "output", /*with_bias=*/false)),
                 s.blocks.dropout);
}

/// Logits [target_length, batch, vocabulary] for a whole target, in the scope of the decoder.
Value decode_whole(Value tokens, Value table, const Encoded& encoded, const Seq2Seq& s) {
  Graph& g = tokens.graph();
  if (are_transformer(s.blocks)) {
    const TransformerConfig blocks = decoder_blocks(s);
    Value x = embed(tokens, table, blocks);  // [target_length, batch, width]
    for (int layer = 0; layer < blocks.layers; ++layer) {
      const auto scope = g.scope("block", layer);
      x = transformer_block(x, blocks, WholeSequence{.causal = true},
                            cross_keys(encoded.y, encoded.lengths, blocks));
    }
    return decoder_logits(normalise(x, "norm"), table, s);
  }
  Value x = dropout(embedding(tokens, table), s.blocks.dropout);
  for (std::size_t layer = 0; layer < encoded.last.size(); ++layer) {
    const auto scope = g.scope(s.blocks.kind, static_cast<int>(layer));
    x = dropout(recurrent_layer(x, s.blocks.kind, encoded.last[layer]).y, s.blocks.dropout);
  }
  return decoder_logits(attend(x, encoded.y, encoded.lengths, s), table, s);
}

/// Row b of a batch becomes the rows b * beam to (b + 1) * beam - 1.
class Spread {
 public:
  Spread(Graph& g, const DecodingShape& shape) : beam_(shape.beam) {
    Tensor index({shape.rows()}, i32);
    for (std::int64_t row = 0; row < shape.rows(); ++row)
      index.as<std::int32_t>()[static_cast<std::size_t>(row)] =
          static_cast<std::int32_t>(row / shape.beam);
    index_ = g.constant(std::move(index));
  }
  /// Becomes the carried state NAME, whose axis `axis` is of the batch.
  void carry(std::string_view name, Value x, int axis) const {
    const Value rows = beam_ > 1 ? gather(x, index_, axis) : x;
    x.graph().assign(x.graph().carried_state(name, rows.type()), rows);
  }

 private:
  std::int64_t beam_;
  Value index_;  // i32 [rows]
};

/// The inputs of a step of decoding.
struct Step {
  Value tokens, position, parents;  // parents: empty where the beam is 1
  Value lengths;                    // i32 [rows], of the sources
};

Step step_inputs(Graph& g, const Seq2Seq& s, const DecodingShape& shape) {
  const auto vocabulary = static_cast<double>(s.vocabulary),
             rows = static_cast<double>(shape.rows());
  Step step{g.input("tokens", {1, shape.rows()}, i32, values_in(0, vocabulary)),
            g.input("position", {}, i32, values_in(0, shape.limit)),
            {},
            {}};
  if (shape.beam > 1) step.parents = g.input("parents", {shape.rows()}, i32, values_in(0, rows));
  step.lengths = g.carried_state("source_lengths", {Shape{shape.rows()}, i32});
  return step;
}

/// The last hidden values [1, rows, width] of a step, in the scope of the decoder.
Value transformer_step(const Step& step, Value table, const Seq2Seq& s,
                       const DecodingShape& shape) {
  Graph& g = table.graph();
  const TransformerConfig blocks = decoder_blocks(s);
  const Value filled = step.position + whole_number(g, 1);  // []
  const KeyValueCache cache{.size = shape.limit,
                            .row = step.position,
                            .position = step.position,
                            .last = filled + g.constant(Tensor(Shape{shape.rows()}, i32)),
                            .parents = step.parents};
  const TensorType source{{shape.length, shape.rows(), s.blocks.width}};
  Value x = embed(step.tokens, table, blocks, step.position);  // [1, rows, width]
  for (int layer = 0; layer < blocks.layers; ++layer) {
    const auto scope = g.scope("block", layer);
    const CrossKeys cross{g.carried_state("cross/keys", source),
                          g.carried_state("cross/values", source), step.lengths};
    x = transformer_block(x, blocks, cache, cross);
  }
  return normalise(x, "norm");
}

Value recurrent_step(const Step& step, Value table, const Seq2Seq& s, const DecodingShape& shape) {
  Graph& g = table.graph();
  Value x = embedding(step.tokens, table);  // [1, rows, width]
  for (int layer = 0; layer < s.blocks.layers; ++layer) {
    const auto scope = g.scope(s.blocks.kind, layer);
    const TensorType type{{shape.rows(), s.blocks.width}};
    const RecurrentState state{g.carried_state("h", type),
                               s.blocks.kind == "lstm" ? g.carried_state("c", type) : Value{}};
    const auto inherited = [&](Value h) {
      return h && step.parents ? gather(h, step.parents, 0) : h;
    };
    const RecurrentSequence sequence =
        recurrent_layer(x, s.blocks.kind, {inherited(state.h), inherited(state.c)});
    g.assign(state.h, sequence.last.h);
    if (state.c) g.assign(state.c, sequence.last.c);
    x = sequence.y;
  }
  const Value encoded = g.carried_state("encoded", {{shape.length, shape.rows(), s.blocks.width}});
  return attend(x, encoded, step.lengths, s);
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
  f("shared-embeddings", s.shared_embeddings, "source and target share one");
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
    logits = decode_whole(tokens, tables.target, encoded, s);
  }
  g.name(logits, "logits");
  const Loss loss = prediction_loss(logits, targets, s.label_smoothing);
  return {logits, loss, prediction_metrics(logits, targets, loss)};
}

void begin_decoding(Graph& g, const Seq2Seq& s, const DecodingShape& shape) {
  const Tables tables = embedding_tables(g, s);
  const Encoded encoded = encode_source(g, tables.source, s, shape.length, shape.batch);
  const auto scope = g.scope("decoder");
  const Spread spread(g, shape);
  spread.carry("source_lengths", encoded.lengths, 0);
  if (are_transformer(s.blocks)) {
    const TransformerConfig blocks = decoder_blocks(s);
    for (int layer = 0; layer < blocks.layers; ++layer) {
      const auto block = g.scope("block", layer);
      const CrossKeys cross = cross_keys(encoded.y, encoded.lengths, blocks);
      spread.carry("cross/keys", cross.keys, 1);
      spread.carry("cross/values", cross.values, 1);
    }
    return;
  }
  spread.carry("encoded", encoded.y, 1);
  for (std::size_t layer = 0; layer < encoded.last.size(); ++layer) {
    const auto block = g.scope(s.blocks.kind, static_cast<int>(layer));
    spread.carry("h", encoded.last[layer].h, 0);
    if (encoded.last[layer].c) spread.carry("c", encoded.last[layer].c, 0);
  }
}

Value decoding_step(Graph& g, const Seq2Seq& s, const DecodingShape& shape) {
  const Tables tables = embedding_tables(g, s);
  const auto scope = g.scope("decoder");
  const Step step = step_inputs(g, s, shape);
  const Value x = are_transformer(s.blocks) ? transformer_step(step, tables.target, s, shape)
                                            : recurrent_step(step, tables.target, s, shape);
  const Value logits = decoder_logits(x, tables.target, s);  // [1, rows, vocabulary]
  return log_softmax(reshape(logits, {shape.rows(), s.vocabulary}));
}

}  // namespace abax
