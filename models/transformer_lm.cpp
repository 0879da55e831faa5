// The Transformer language model, over segments of a text and step by step.
#include "models/transformer_lm.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers/layers.h"
#include "models/layers/prediction.h"
#include "models/layers/transformer.h"
#include "ops/elementwise.h"
#include "ops/shape.h"

namespace abax {
namespace {

TransformerConfig blocks_of(const ModelConfig& c) {
  if (c.memory < 0) throw UsageError(text("a memory is of 0 or more positions, not ", c.memory));
  if (c.memory > 0 && c.positions != "rotary")
    throw UsageError(
        text("a memory needs rotary positions, which are relative; these are ", c.positions));
  return {.width = c.width,
          .layers = c.layers,
          .heads = c.heads,
          .feed_forward = c.feed_forward,
          .dropout = c.dropout,
          .positions = c.positions,
          .context = c.context};
}

/// How many tokens are read; those that are predicted are the first of them.
std::int64_t read_vocabulary(const ModelConfig& c) {
  return c.source_vocabulary > 0 ? c.source_vocabulary : c.vocabulary;
}

/// From embedded tokens to logits: x [time, batch, width] -> [time, batch, vocabulary].
Value logits_of(Value x, Value table, const ModelConfig& c, const TransformerConfig& blocks,
                const SelfAttention& seen) {
  Graph& g = x.graph();
  for (int layer = 0; layer < c.layers; ++layer) {
    const auto scope = g.scope("block", layer);
    x = transformer_block(x, blocks, seen);
  }
  const Value predicted =
      read_vocabulary(c) == c.vocabulary ? table : slice(table, 0, 0, c.vocabulary);
  return token_logits(normalise(x, "norm"), predicted, c.tied, weight_start(blocks));
}

/// A whole number that is carried from run to run, [batch] or []; 0 where new streams begin.
struct Counter {
  Value state, before;
  Counter(Graph& g, std::string_view name, Shape shape, Value keep)
      : state(g.carried_state(name, {shape, i32})), before(state * cast(keep, i32)) {}
  void becomes(Value value) const { state.graph().assign(state, value); }
};

/// Which rows of the memory are there, and how many will be after this segment of `time`.
SegmentMemory memory_of(Graph& g, const ModelConfig& c, std::int64_t time, std::int64_t batch,
                        Value keep) {
  const Counter filled(g, "remembered", {batch}, keep);
  const Value size = whole_number(g, static_cast<std::int32_t>(c.memory));
  const Value more = filled.before + whole_number(g, static_cast<std::int32_t>(time));
  filled.becomes(minimum(more, size));
  return {.size = c.memory, .first = size - filled.before};
}

Value token_table(Graph& g, const ModelConfig& c, const TransformerConfig& blocks) {
  return g.parameter("embedding", {read_vocabulary(c), c.width}, embedding_start(blocks));
}

Value token_input(Graph& g, const ModelConfig& c, std::int64_t time, std::int64_t batch) {
  return g.input("tokens", {time, batch}, i32, range(0, static_cast<double>(read_vocabulary(c))));
}

}  // namespace

Model transformer_language_model(Graph& g, const ModelConfig& c, const BatchShape& shape) {
  const std::int64_t time = shape.length, batch = shape.batch;
  const Value tokens = token_input(g, c, time, batch);
  const Value targets =
      g.input("targets", {time, batch}, i32, range(-1, static_cast<double>(c.vocabulary)));
  const Value keep = g.input("keep", {}, f32, range(0, 1.5));
  const TransformerConfig blocks = blocks_of(c);
  const Value table = token_table(g, c, blocks);
  SelfAttention seen = WholeSequence{.causal = true};
  if (c.memory > 0) seen = memory_of(g, c, time, batch, keep);
  const Value x = embed(tokens, table, blocks);  // [time, batch, width]
  const Value logits = g.name(logits_of(x, table, c, blocks, seen), "logits");
  return {logits, prediction_loss(logits, targets, c)};
}

Value transformer_language_step(Graph& g, const ModelConfig& c, std::int64_t batch) {
  const Value tokens = token_input(g, c, 1, batch);
  const Value keep = g.input("keep", {}, f32, range(0, 1.5));
  const TransformerConfig blocks = blocks_of(c);
  const Value table = token_table(g, c, blocks);

  // The cache is a ring: where its last row was written the next one is the first, so that the
  // oldest position makes room. Rows need no order, since a key knows its position.
  const auto rows = static_cast<std::int32_t>(c.context + c.memory);
  const Value size = whole_number(g, rows), one = whole_number(g, 1);
  const Counter position(g, "position", {}, keep), row(g, "row", {}, keep);
  position.becomes(position.before + one);
  const Value next = row.before + one;
  row.becomes(select(equal(next, size), whole_number(g, 0), next));
  const Value filled = minimum(position.before + one, size);  // []
  const KeyValueCache cache{
      .size = rows,
      .row = row.before,
      .position = position.before,
      .last = filled + g.constant(Tensor(Shape{batch}, i32)),
  };
  const Value x = embed(tokens, table, blocks, position.before);  // [1, batch, width]
  return g.name(logits_of(x, table, c, blocks, cache), "logits");
}

}  // namespace abax
