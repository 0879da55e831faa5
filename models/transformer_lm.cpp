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

void check(const TransformerLm& s) {
  if (s.memory < 0) throw UsageError(str_cat("a memory is of 0 or more positions, not ", s.memory));
  if (s.memory > 0 && s.blocks.positions != "rotary")
    throw UsageError(str_cat("a memory needs rotary positions, which are relative; these are ",
                             s.blocks.positions));
}

std::int64_t read_vocabulary(const TransformerLm& s) {
  return s.read_vocabulary > 0 ? s.read_vocabulary : s.vocabulary;
}

/// From embedded tokens to logits: x [time, batch, width] -> [time, batch, vocabulary].
Value logits_of(Value x, Value table, const TransformerLm& s, const SelfAttention& seen) {
  Graph& g = x.graph();
  for (int layer = 0; layer < s.blocks.layers; ++layer) {
    const auto scope = g.scope("block", layer);
    x = transformer_block(x, s.blocks, seen);
  }
  const Value predicted =
      read_vocabulary(s) == s.vocabulary ? table : slice(table, 0, 0, s.vocabulary);
  return token_logits(normalise(x, "norm"), predicted, s.tied, weight_start(s.blocks));
}

/// A whole number that is carried from run to run, [batch] or []; 0 where new streams begin.
struct Counter {
  Value state, before;
  Counter(Graph& g, std::string_view name, Shape shape, Value keep)
      : state(g.carried_state(name, {shape, i32})), before(state * cast(keep, i32)) {}
  void becomes(Value value) const { state.graph().assign(state, value); }
};

/// Which rows of the memory are there, and how many will be after this segment of `time`.
SegmentMemory memory_of(Graph& g, const TransformerLm& s, std::int64_t time, std::int64_t batch,
                        Value keep) {
  const Counter filled(g, "remembered", {batch}, keep);
  const Value size = whole_number(g, static_cast<std::int32_t>(s.memory));
  const Value more = filled.before + whole_number(g, static_cast<std::int32_t>(time));
  filled.becomes(minimum(more, size));
  return {.size = s.memory, .first = size - filled.before};
}

Value token_table(Graph& g, const TransformerLm& s) {
  return g.parameter("embedding", {read_vocabulary(s), s.blocks.width}, embedding_start(s.blocks));
}

Value token_input(Graph& g, const TransformerLm& s, std::int64_t time, std::int64_t batch) {
  return g.input("tokens", {time, batch}, i32, values_in(0, read_vocabulary(s)));
}

}  // namespace

void fields(Fields& f, TransformerLm& s) {
  vocabulary_field(f, s.vocabulary);
  f.part(s.blocks);
  if (s.blocks.positions == "rotary")
    f("memory", s.memory, "tokens of former windows that are still seen").at_least(0);
  tied_field(f, s.tied);
  label_smoothing_field(f, s.label_smoothing);
}

std::int64_t transformer_language_context(const TransformerLm& s) {
  return s.memory > 0 ? 0 : s.blocks.context;
}

Model transformer_language_model(Graph& g, const TransformerLm& s, const BatchShape& shape) {
  check(s);
  const std::int64_t time = shape.length, batch = shape.batch;
  const Value tokens = token_input(g, s, time, batch);
  const Value keep = g.input("keep", {}, f32, values_in(0, 1.5));
  const Value table = token_table(g, s);
  SelfAttention seen = WholeSequence{.causal = true};
  if (s.memory > 0) seen = memory_of(g, s, time, batch, keep);
  const Value x = embed(tokens, table, s.blocks);  // [time, batch, width]
  return language_model(g.name(logits_of(x, table, s, seen), "logits"), s.label_smoothing);
}

Value transformer_language_step(Graph& g, const TransformerLm& s, std::int64_t batch) {
  check(s);
  const Value tokens = token_input(g, s, 1, batch);
  const Value keep = g.input("keep", {}, f32, values_in(0, 1.5));
  const Value table = token_table(g, s);

  // The cache is a ring: where its last row was written the next one is the first, so that the
  // oldest position makes room. Rows need no order, since a key knows its position.
  const auto rows = static_cast<std::int32_t>(s.blocks.context + s.memory);
  const Value size = whole_number(g, rows), one = whole_number(g, 1);
  const Counter position(g, "position", {}, keep), row(g, "row", {}, keep);
  position.becomes(position.before + one);
  const Value next = row.before + one;
  row.becomes(where(equal(next, size), whole_number(g, 0), next));
  const Value filled = minimum(position.before + one, size);  // []
  const KeyValueCache cache{
      .size = rows,
      .row = row.before,
      .position = position.before,
      .last = filled + g.constant(Tensor(Shape{batch}, i32)),
  };
  const Value x = embed(tokens, table, s.blocks, position.before);  // [1, batch, width]
  return g.name(logits_of(x, table, s, cache), "logits");
}

}  // namespace abax
