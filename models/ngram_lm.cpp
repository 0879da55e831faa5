// From the last tokens to the next one, without recurrence.
#include "models/ngram_lm.h"

#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers/layers.h"
#include "models/layers/prediction.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// x [time, batch, width] -> at each step itself and the order - 1 steps before it, the oldest
/// first: [time, batch, order * width].
Value last_steps(Value x, Value keep, std::int64_t order) {
  if (order == 1) return x;
  Graph& g = x.graph();
  const std::int64_t time = x.shape()[0], batch = x.shape()[1], width = x.shape()[2];
  const Value before = g.carried_state("before", {{order - 1, batch, width}});
  const Value all = concat({before * keep, x}, 0);
  g.assign(before, slice(all, 0, time, time + order - 1));
  std::vector<Value> steps;
  for (std::int64_t i = 0; i < order; ++i) steps.push_back(slice(all, 0, i, i + time));
  return concat(steps, 2);
}

/// The logits [time, batch, vocabulary] of what follows each token. Makes the inputs "tokens" and
/// "keep".
Value ngram_logits(Graph& g, const NgramLm& s, std::int64_t time, std::int64_t batch) {
  if (s.order < 1) throw UsageError(str_cat("at least one token is to be read, not ", s.order));
  const Value tokens = g.input("tokens", {time, batch}, i32, values_in(0, s.vocabulary));
  const Value keep = g.input("keep", {}, f32, values_in(0, 1.5));
  const Value table = g.parameter("embedding", {s.vocabulary, s.width}, init::normal(0.05f));
  const Value x = last_steps(dropout(embedding(tokens, table), s.dropout), keep, s.order);
  const Value hidden = dropout(tanh(linear(x, s.width, "hidden")), s.dropout);
  return g.name(token_logits(hidden, table, s.tied), "logits");
}

}  // namespace

void fields(Fields& f, NgramLm& s) {
  vocabulary_field(f, s.vocabulary);
  f("order", s.order, "tokens that are read for each that is predicted").at_least(1).at_most(1024);
  width_field(f, s.width, "units of the hidden layer, and of the embedding");
  dropout_field(f, s.dropout);
  tied_field(f, s.tied);
  label_smoothing_field(f, s.label_smoothing);
}

Model ngram_language_model(Graph& g, const NgramLm& s, const BatchShape& shape) {
  return language_model(ngram_logits(g, s, shape.length, shape.batch), s.label_smoothing);
}

Value ngram_language_step(Graph& g, const NgramLm& s, std::int64_t batch) {
  return ngram_logits(g, s, 1, batch);
}

}  // namespace abax
