// Encoders, from embedded tokens to hidden values.
#include "models/layers/encoder.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers/layers.h"
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
RecurrentSequence one_way(Value x, Value lengths, const ModelConfig& c, std::int64_t hidden) {
  const RecurrentState start = recurrent_start(x.graph(), c.blocks, x.shape()[1], hidden);
  return recurrent_layer(x, c.blocks, start, lengths);
}

/// Both directions, each of half the width.
RecurrentSequence both_ways(Value x, Value lengths, const ModelConfig& c) {
  const auto run = [&](std::string_view name, Value read) {
    const auto scope = x.graph().scope(name);
    return one_way(read, lengths, c, c.width / 2);
  };
  const RecurrentSequence forward = run("forward", x);
  const RecurrentSequence backward = run("backward", reverse(x, lengths));
  const auto joined = [](Value f, Value b) { return f ? concat({f, b}, 1) : f; };
  const RecurrentState &f = forward.last, &b = backward.last;
  return {concat({forward.y, reverse(backward.y, lengths)}, 2),  // [length, batch, width]
          {joined(f.h, b.h), joined(f.c, b.c)}};                 // [batch, width]
}

Encoded recurrent_encoder(Value tokens, Value lengths, Value table, const ModelConfig& c) {
  if (c.bidirectional && c.width % 2 != 0)
    throw UsageError(text("a bidirectional encoder halves its width; ", c.width, " is odd"));
  Graph& g = tokens.graph();
  Encoded result{dropout(embedding(tokens, table), c.dropout), lengths};  // [length, batch, width]
  for (int layer = 0; layer < c.layers; ++layer) {
    const auto scope = g.scope(c.blocks, layer);
    const RecurrentSequence s =
        c.bidirectional ? both_ways(result.y, lengths, c) : one_way(result.y, lengths, c, c.width);
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
  if (c.blocks == "transformer") return true;
  if (std::ranges::find(recurrent_cells(), c.blocks) == recurrent_cells().end())
    throw UsageError(
        text("there are no blocks '", c.blocks, "'; known are transformer, lstm, gru"));
  return false;
}

Value embedding_table(Graph& g, std::int64_t vocabulary, const ModelConfig& c,
                      std::string_view name) {
  const Initialiser start =
      has_transformer_blocks(c) ? embedding_start(encoder_blocks(c)) : normal(0.05f);
  return g.parameter(name, {vocabulary, c.width}, start);
}

Encoded encode(Value tokens, Value lengths, Value table, const ModelConfig& c) {
  return has_transformer_blocks(c) ? transformer_encoder(tokens, lengths, table, c)
                                   : recurrent_encoder(tokens, lengths, table, c);
}

}  // namespace abax
