// Encoders, from embedded tokens to hidden values.
#include "models/encoder.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers.h"
#include "ops/dropout.h"
#include "ops/lookup.h"
#include "ops/shape.h"

namespace abax {
namespace {

TransformerConfig blocks_of(const ModelConfig& c, std::int64_t layers) {
  return {.width = c.width,
          .layers = layers,
          .heads = c.heads,
          .feed_forward = c.feed_forward,
          .dropout = c.dropout,
          .positions = c.positions,
          .context = c.context,
          .start = TransformerStart::glorot};
}

Encoded transformer_encoder(Value tokens, Value lengths, Value table, const ModelConfig& c) {
  Graph& g = tokens.graph();
  const TransformerConfig blocks = encoder_blocks(c);
  Value x = embed(tokens, table, blocks);  // [length, batch, width]
  for (int layer = 0; layer < c.layers; ++layer) {
    const auto scope = g.scope("block", layer);
    x = transformer_block(x, blocks, WholeSequence{.lengths = lengths});
  }
  return {normalise(x, "norm"), lengths};
}

/// One direction of a layer, from a state of zeros.
LstmSequence one_way(Value x, Value lengths, std::int64_t hidden) {
  Graph& g = x.graph();
  const std::int64_t batch = x.shape()[1], width = x.shape()[2];
  return lstm(x, lstm_start(g, batch, hidden), lstm_weights(g, width, hidden), lengths);
}

/// Both directions, each of half the width.
LstmSequence both_ways(Value x, Value lengths, std::int64_t width) {
  Graph& g = x.graph();
  const auto run = [&](std::string_view name, Value read) {
    const auto scope = g.scope(name);
    return one_way(read, lengths, width / 2);
  };
  const LstmSequence forward = run("forward", x);
  const LstmSequence backward = run("backward", reverse(x, lengths));
  const LstmState &f = forward.last, &b = backward.last;
  return {.y = concat({forward.y, reverse(backward.y, lengths)}, 2),  // [length, batch, width]
          .last = {concat({f.h, b.h}, 1), concat({f.c, b.c}, 1)},     // [batch, width]
          .gates = {}};
}

Encoded lstm_encoder(Value tokens, Value lengths, Value table, const ModelConfig& c) {
  if (c.bidirectional && c.width % 2 != 0)
    throw UsageError(text("a bidirectional LSTM halves its width; ", c.width, " is odd"));
  Graph& g = tokens.graph();
  Encoded result{dropout(embedding(tokens, table), c.dropout), lengths};  // [length, batch, width]
  for (int layer = 0; layer < c.layers; ++layer) {
    const auto scope = g.scope("lstm", layer);
    const LstmSequence s = c.bidirectional ? both_ways(result.y, lengths, c.width)
                                           : one_way(result.y, lengths, c.width);
    result.y = dropout(s.y, c.dropout);
    result.last.push_back(s.last);
  }
  return result;
}

}  // namespace

TransformerConfig encoder_blocks(const ModelConfig& c) { return blocks_of(c, c.layers); }

TransformerConfig decoder_blocks(const ModelConfig& c) {
  return blocks_of(c, c.decoder_layers > 0 ? c.decoder_layers : c.layers);
}

bool has_transformer_blocks(const ModelConfig& c) {
  if (c.blocks != "transformer" && c.blocks != "lstm")
    throw UsageError(text("there are no blocks '", c.blocks, "'; known are transformer, lstm"));
  return c.blocks == "transformer";
}

Value embedding_table(Graph& g, std::int64_t vocabulary, const ModelConfig& c,
                      std::string_view name) {
  const Initialiser start =
      has_transformer_blocks(c) ? embedding_start(encoder_blocks(c)) : normal(0.05f);
  return g.parameter(name, {vocabulary, c.width}, start);
}

Encoded encode(Value tokens, Value lengths, Value table, const ModelConfig& c) {
  return has_transformer_blocks(c) ? transformer_encoder(tokens, lengths, table, c)
                                   : lstm_encoder(tokens, lengths, table, c);
}

}  // namespace abax
