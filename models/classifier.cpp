// From encoded sequences to classes.
#include "models/classifier.h"

#include <algorithm>
#include <numeric>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers/encoder.h"
#include "models/layers/layers.h"
#include "models/layers/prediction.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

const Words poolings{"last", "mean"};

/// x [length, batch, width] -> its mean over the first lengths[b] rows of each item, [batch,
/// width]; zeros where there are none.
Value masked_mean(Value x, Value lengths) {
  Graph& g = x.graph();
  const std::int64_t length = x.shape()[0], batch = x.shape()[1];
  Tensor rows({length, 1}, i32);
  std::iota(rows.as<std::int32_t>().begin(), rows.as<std::int32_t>().end(), 0);
  const Value inside = less(g.constant(std::move(rows)), lengths);  // u8 [length, batch]
  // Selected, not multiplied: what stands in the padding may be anything.
  const Value total = sum(where(reshape(inside, {length, batch, 1}), x, 0), {0});
  return total / reshape(maximum(cast(lengths, f32), 1), {batch, 1});
}

Value pooled(const Encoded& encoded, const Classifier& s) {
  if (std::ranges::find(poolings, s.pooling) == poolings.end())
    throw UsageError(str_cat("there is no pooling '", s.pooling, "'; known are last, mean"));
  if (encoded.last.empty() || s.pooling == "mean") return masked_mean(encoded.y, encoded.lengths);
  return dropout(encoded.last.back().h, s.blocks.dropout);
}

}  // namespace

void fields(Fields& f, Classifier& s) {
  vocabulary_field(f, s.vocabulary);
  classes_field(f, s.classes).at_least(1);
  f.part(s.blocks);
  if (!are_transformer(s.blocks))
    f("pooling", s.pooling, "what decides: the last state, or the mean over the sequence")
        .one_of(poolings);
  label_smoothing_field(f, s.label_smoothing);
}

Model sequence_classifier(Graph& g, const Classifier& s, const BatchShape& shape) {
  const Value tokens =
      g.input("tokens", {shape.length, shape.batch}, i32, values_in(0, s.vocabulary));
  const Value lengths = g.input("lengths", {shape.batch}, i32, values_in(0, shape.length + 1));
  const Value labels = g.input("labels", {shape.batch}, i32, values_in(-1, s.classes));
  Value sequence;  // [batch, width]
  {
    const auto scope = g.scope("encoder");
    const Value table = embedding_table(g, s.vocabulary, s.blocks);
    sequence = pooled(encode(tokens, lengths, table, s.blocks), s);
  }
  const Value logits = g.name(linear(sequence, s.classes, "output"), "logits");  // [batch, classes]
  const Loss loss = prediction_loss(logits, labels, s.label_smoothing);
  return {logits, loss, prediction_metrics(logits, labels, loss)};
}

}  // namespace abax
