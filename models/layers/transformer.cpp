// The branches of a Transformer block, and how positions come in.
#include "models/layers/transformer.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers/layers.h"
#include "ops/attention.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/position.h"
#include "ops/shape.h"

namespace abax {
namespace {

constexpr float deviation = 0.02f;  // of GPT-2's weights

/// Of the projection that ends a branch.
Initialiser last(const TransformerConfig& c) {
  if (c.start == TransformerStart::glorot) return init::glorot();
  return init::normal(deviation / std::sqrt(2.f * static_cast<float>(c.layers)));
}

Value project(Value x, const TransformerConfig& c, std::string_view name) {
  return linear(x, c.width, name, /*with_bias=*/true, weight_start(c));
}

/// The same, turned by its positions, the first of which is `first` i32 [], where these are rotary.
Value project_at(Value x, const TransformerConfig& c, std::string_view name, Value first) {
  const Value y = project(x, c, name);
  return c.positions == "rotary" ? rotary(y, c.heads, first) : y;
}

Value end(Value x, const TransformerConfig& c) {
  return linear(x, c.width, "output", /*with_bias=*/true, last(c));
}

Value self_attention(Value x, const TransformerConfig& c, const WholeSequence& seen) {
  Graph& g = x.graph();
  const Value h = normalise(x, "attention_norm");  // [time, batch, width]
  const auto scope = g.scope("attention");
  const Value first = whole_number(g, 0);
  const Value q = project_at(h, c, "query", first), k = project_at(h, c, "key", first);
  const Value v = project(h, c, "value");
  return end(attention(q, k, v, {.heads = c.heads, .causal = seen.causal}, {}, seen.lengths), c);
}

Value self_attention(Value x, const TransformerConfig& c, const SegmentMemory& seen) {
  Graph& g = x.graph();
  const std::int64_t time = x.shape()[0], batch = x.shape()[1], size = seen.size;
  const Value before = g.carried_state("memory", {{size, batch, c.width}});
  const Value all = concat({before, x}, 0);  // [size + time, batch, width]
  g.assign(before, slice(all, 0, time, time + size));
  const Value h = normalise(all, "attention_norm");
  const auto scope = g.scope("attention");
  const Value q = project_at(slice(h, 0, size, size + time), c, "query",
                             whole_number(g, static_cast<std::int32_t>(size)));
  const Value k = project_at(h, c, "key", whole_number(g, 0));
  const Value v = project(h, c, "value");
  return end(attention(q, k, v, {.heads = c.heads, .causal = true}, seen.first), c);
}

Value self_attention(Value x, const TransformerConfig& c, const KeyValueCache& seen) {
  Graph& g = x.graph();
  const Value h = normalise(x, "attention_norm");  // [1, batch, width]
  const auto scope = g.scope("attention");
  const auto grown = [&](std::string_view name, Value row) {  // [size, batch, width]
    const Value before = g.carried_state(name, {{seen.size, x.shape()[1], c.width}});
    const Value after =
        write_rows(seen.parents ? gather(before, seen.parents, 1) : before, row, seen.row);
    g.assign(before, after);
    return after;
  };
  const Value q = project_at(h, c, "query", seen.position);
  const Value k = grown("keys", project_at(h, c, "key", seen.position));
  const Value v = grown("values", project(h, c, "value"));
  return end(attention(q, k, v, {.heads = c.heads}, {}, seen.last), c);
}

Value cross_attention(Value x, const TransformerConfig& c, const CrossKeys& cross) {
  const Value h = normalise(x, "cross_norm");  // [time, batch, width]
  const auto scope = x.graph().scope("cross");
  const Value q = project(h, c, "query");
  return end(attention(q, cross.keys, cross.values, {.heads = c.heads}, {}, cross.lengths), c);
}

Value feed_forward(Value x, const TransformerConfig& c) {
  const Value h = normalise(x, "feed_forward_norm");  // [time, batch, width]
  const auto scope = x.graph().scope("feed_forward");
  const std::int64_t inside = c.feed_forward > 0 ? c.feed_forward : 4 * c.width;
  const Value y =
      gelu(linear(h, inside, "in", /*with_bias=*/true, weight_start(c)));  // [.., inside]
  return linear(y, c.width, "out", /*with_bias=*/true, last(c));
}

}  // namespace

const std::vector<std::string>& position_kinds() {
  static const std::vector<std::string> kinds{"learned", "sinusoidal", "rotary"};
  return kinds;
}

void attention_fields(Fields& f, std::int64_t& heads, std::int64_t& feed_forward,
                      std::string& positions) {
  f("heads", heads, "heads of attention, which divide the width").at_least(1);
  f("feed-forward", feed_forward, "inner units of a block; 0: four times the width").at_least(0);
  f("positions", positions, "how a Transformer knows where a token stands")
      .one_of(position_kinds());
}

void fields(Fields& f, TransformerConfig& c) {
  context_field(f, c.context);
  width_field(f, c.width, "units a block, and of the embedding");
  layers_field(f, c.layers, "blocks, one after another");
  attention_fields(f, c.heads, c.feed_forward, c.positions);
  dropout_field(f, c.dropout);
  f.require(misfit(c).empty(), misfit(c));
}

std::string misfit(const TransformerConfig& c) {
  if (c.heads < 1 || c.width % c.heads != 0)
    return str_cat("a Transformer's width is a multiple of its heads; ", c.width, " is none of ",
                   c.heads);
  if (std::ranges::find(position_kinds(), c.positions) == position_kinds().end())
    return str_cat("there are no positions '", c.positions,
                   "'; known are learned, sinusoidal, rotary");
  if (c.positions == "rotary" && c.width / c.heads % 2 != 0)
    return str_cat("rotary positions turn pairs: the size of a head is even, not ", c.width, " / ",
                   c.heads);
  return "";
}

void check_transformer(const TransformerConfig& c) {
  const std::string message = misfit(c);
  if (!message.empty()) throw UsageError(message);
}

Initialiser weight_start(const TransformerConfig& c) {
  return c.start == TransformerStart::glorot ? init::glorot() : init::normal(deviation);
}

Initialiser embedding_start(const TransformerConfig& c) {
  // What embed() multiplies with sqrt(width) has a deviation of 1 afterwards.
  if (c.positions == "sinusoidal") return init::normal(1 / std::sqrt(static_cast<float>(c.width)));
  return init::normal(deviation);
}

Value embed(Operand tokens, Value table, const TransformerConfig& c, Value first) {
  check_transformer(c);
  Graph& g = tokens.value().graph();
  const auto& where = tokens.where();
  const std::int64_t time = checked_shape("embed", "[time, batch]", tokens, 2, i32)[0];
  g.require_own(table, "embed: the table", where);
  if (checked_shape("embed", "[vocabulary, width]", {table, where}, 2)[1] != c.width)
    throw ShapeError(str_cat("embed: expected a table [vocabulary, ", c.width, "], got ",
                             table.type(), g.location(where)));
  Value x = embedding(tokens.value(), {table, where});  // [time, batch, width]
  const auto added = [&](Value positions) { return reshape(positions, {time, 1, c.width}); };
  if (c.positions == "learned") {
    if (time > c.context)
      throw UsageError(str_cat("a sequence of ", time, " positions does not fit a context of ",
                               c.context, "; a longer context or shorter sequences are needed",
                               g.location(where)));
    const Value rows =
        g.parameter("position", {c.context, c.width}, init::normal(deviation), where);
    x = x + added(first ? embedding(reshape(first, {1}), rows) : slice(rows, 0, 0, time));
  } else if (c.positions == "sinusoidal") {
    x = x * std::sqrt(static_cast<float>(c.width)) +
        added(sinusoidal_positions(first ? first : whole_number(g, 0), time, c.width));
  }
  return dropout(x, c.dropout);
}

CrossKeys cross_keys(Value encoded, Value lengths, const TransformerConfig& c) {
  const auto scope = encoded.graph().scope("cross");
  return {project(encoded, c, "key"), project(encoded, c, "value"), lengths};
}

Value transformer_block(Operand given, const TransformerConfig& c, const SelfAttention& seen,
                        const CrossKeys& cross) {
  check_transformer(c);
  Value x = given.value();
  if (checked_shape("transformer_block", "[time, batch, width]", given, 3)[2] != c.width)
    throw ShapeError(str_cat("transformer_block: expected x [time, batch, ", c.width, "], got ",
                             x.type(), x.graph().location(given.where())));
  const auto branch = [&](Value y) { x = x + dropout(y, c.dropout); };
  branch(std::visit([&](const auto& kind) { return self_attention(x, c, kind); }, seen));
  if (cross.keys) branch(cross_attention(x, c, cross));
  branch(feed_forward(x, c));
  return x;
}

}  // namespace abax
