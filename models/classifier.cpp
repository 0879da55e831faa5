// From encoded sequences to classes.
#include "models/classifier.h"

#include "models/layers/encoder.h"
#include "models/layers/layers.h"
#include "models/layers/prediction.h"
#include "ops/dropout.h"

namespace abax {
namespace {

Value sequence_of(const Encoded& encoded, const Classifier& s) {
  if (are_transformer(s.blocks)) return pooled(encoded, "mean");
  const Value sequence = pooled(encoded, s.pooling);
  return s.pooling == "last" ? dropout(sequence, s.blocks.dropout) : sequence;
}

}  // namespace

void fields(Fields& f, Classifier& s) {
  vocabulary_field(f, s.vocabulary);
  classes_field(f, s.classes).at_least(1);
  f.part(s.blocks);
  if (!are_transformer(s.blocks))
    pooling_field(f, s.pooling, "what decides: the last state, or the mean or greatest of all");
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
    sequence = sequence_of(encode(tokens, lengths, table, s.blocks), s);
  }
  const Value logits = g.name(linear(sequence, s.classes, "output"), "logits");  // [batch, classes]
  const Loss loss = prediction_loss(logits, labels, s.label_smoothing);
  return {logits, loss, prediction_metrics(logits, labels, loss)};
}

}  // namespace abax
