// Encoders, from embedded tokens to hidden values.
#include "models/layers/encoder.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers/layers.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// What does not fit together, for a message, or "".
std::string misfit(const SequenceBlocks& c) {
  if (are_transformer(c)) return misfit(transformer_blocks(c));
  if (c.bidirectional && c.width % 2 != 0)
    return str_cat("a bidirectional encoder halves its width; ", c.width, " is odd");
  return "";
}

Encoded transformer_encoder(Value tokens, Value lengths, Value table, const SequenceBlocks& c) {
  Graph& g = tokens.graph();
  const TransformerConfig blocks = transformer_blocks(c);
  Value x = embed(tokens, table, blocks);  // [length, batch, width]
  for (int layer = 0; layer < c.layers; ++layer) {
    const auto scope = g.scope("block", layer);
    x = transformer_block(x, blocks, WholeSequence{.lengths = lengths});
  }
  return {normalise(x, "norm"), lengths};
}

/// One direction of a layer, from a state of zeros.
RecurrentSequence one_way(Value x, Value lengths, const SequenceBlocks& c, std::int64_t hidden) {
  const RecurrentState start = recurrent_start(x.graph(), c.kind, x.shape()[1], hidden);
  return recurrent_layer(x, c.kind, start, lengths);
}

/// Both directions, each of half the width.
RecurrentSequence both_ways(Value x, Value lengths, const SequenceBlocks& c) {
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

/// What encoders and decoders both have, but for their dropout.
void block_fields(Fields& f, SequenceBlocks& c, std::string_view half) {
  Words kinds{"transformer"};
  kinds.insert(kinds.end(), recurrent_cells().begin(), recurrent_cells().end());
  f("blocks", c.kind, "what reads and writes sequences").one_of(std::move(kinds));
  width_field(f, c.width, "units a layer, and of the embedding");
  layers_field(f, c.layers, str_cat("layers of the ", half));
  if (!are_transformer(c)) return;
  context_field(f, c.context);
  attention_fields(f, c.heads, c.feed_forward, c.positions);
}

Encoded recurrent_encoder(Value tokens, Value lengths, Value table, const SequenceBlocks& c) {
  if (const std::string message = misfit(c); !message.empty()) throw UsageError(message);
  Graph& g = tokens.graph();
  Encoded result{dropout(embedding(tokens, table), c.dropout), lengths};  // [length, batch, width]
  for (int layer = 0; layer < c.layers; ++layer) {
    const auto scope = g.scope(c.kind, layer);
    const RecurrentSequence s =
        c.bidirectional ? both_ways(result.y, lengths, c) : one_way(result.y, lengths, c, c.width);
    result.y = dropout(s.y, c.dropout);
    result.last.push_back(s.last);
  }
  return result;
}

}  // namespace

void fields(Fields& f, SequenceBlocks& c) {
  block_fields(f, c, "encoder");
  if (!are_transformer(c)) f("bidirectional", c.bidirectional, "the encoder reads from both ends");
  dropout_field(f, c.dropout);
  f.require(misfit(c).empty(), misfit(c));
}

void fields(Fields& f, DecoderBlocks& c) {
  block_fields(f, c, "decoder");
  dropout_field(f, c.dropout);
  f.require(misfit(c).empty(), misfit(c));
}

const std::vector<std::string>& pooling_kinds() {
  static const std::vector<std::string> kinds{"last", "mean", "max"};
  return kinds;
}

Field& pooling_field(Fields& f, std::string& pooling, std::string help) {
  return f("pooling", pooling, std::move(help)).one_of(pooling_kinds());
}

Value pooled(const Encoded& encoded, std::string_view kind, SourceLocation where) {
  const Value x = encoded.y, lengths = encoded.lengths;
  Graph& g = x.graph();
  const std::int64_t length = x.shape()[0], batch = x.shape()[1];
  Tensor rows({length, 1}, i32);
  std::iota(rows.as<std::int32_t>().begin(), rows.as<std::int32_t>().end(), 0);
  const Value row = g.constant(std::move(rows));
  // Selected, not multiplied: what stands in the padding may be anything.
  const auto chosen = [&](Value which, float otherwise) {  // which: u8 [length, batch]
    return abax::where(reshape(which, {length, batch, 1}), x, otherwise);
  };
  if (kind == "last") {
    if (!encoded.last.empty()) return encoded.last.back().h;
    return sum(chosen(equal(row + 1, lengths), 0), {0});
  }
  if (kind == "mean") {
    const Value total = sum(chosen(less(row, lengths), 0), {0});
    return total / reshape(maximum(cast(lengths, f32), 1), {batch, 1});
  }
  if (kind == "max") {
    const Value most = max(chosen(less(row, lengths), std::numeric_limits<float>::lowest()), {0});
    return abax::where(reshape(greater(lengths, 0), {batch, 1}), most, 0);
  }
  throw UsageError(
      str_cat("there is no pooling '", kind, "'; known are last, mean, max", g.location(where)));
}

TransformerConfig transformer_blocks(const SequenceBlocks& c) {
  return {.width = c.width,
          .layers = c.layers,
          .heads = c.heads,
          .feed_forward = c.feed_forward,
          .dropout = c.dropout,
          .positions = c.positions,
          .context = c.context,
          .start = TransformerStart::glorot};
}

bool are_transformer(const SequenceBlocks& c) {
  if (c.kind == "transformer") return true;
  if (std::ranges::find(recurrent_cells(), c.kind) == recurrent_cells().end())
    throw UsageError(
        str_cat("there are no blocks '", c.kind, "'; known are transformer, lstm, gru"));
  return false;
}

Value embedding_table(Graph& g, std::int64_t vocabulary, const SequenceBlocks& c,
                      std::string_view name) {
  const Initialiser start =
      are_transformer(c) ? embedding_start(transformer_blocks(c)) : init::normal(0.05f);
  return g.parameter(name, {vocabulary, c.width}, start);
}

Encoded encode(Value tokens, Value lengths, Value table, const SequenceBlocks& c,
               SourceLocation where) {
  return called_from(where, [&] {
    if (c.layers < 1)
      throw UsageError(str_cat("an encoder has at least one layer, not ", c.layers));
    return are_transformer(c) ? transformer_encoder(tokens, lengths, table, c)
                              : recurrent_encoder(tokens, lengths, table, c);
  });
}

}  // namespace abax
