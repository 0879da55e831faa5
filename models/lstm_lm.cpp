// The LSTM language model, from tokens to loss.
#include "models/lstm_lm.h"

#include "models/layers/layers.h"
#include "models/layers/prediction.h"
#include "ops/dropout.h"
#include "ops/lookup.h"

namespace abax {
namespace {

/// The logits [time, batch, vocabulary] of what follows each token. Makes the inputs "tokens" and
/// "keep".
Value lstm_logits(Graph& g, const LstmLm& s, std::int64_t time, std::int64_t batch) {
  const Value tokens = g.input("tokens", {time, batch}, i32, values_in(0, s.vocabulary));
  const Value keep = g.input("keep", {}, f32, values_in(0, 1.5));
  const Value table = g.parameter("embedding", {s.vocabulary, s.width}, init::normal(0.05f));
  Value x = dropout(embedding(tokens, table), s.dropout);  // [time, batch, width]
  for (int layer = 0; layer < s.layers; ++layer)
    x = dropout(lstm_layer(x, s.width, keep, "lstm" + std::to_string(layer)), s.dropout);
  return g.name(token_logits(x, table, s.tied), "logits");
}

}  // namespace

void fields(Fields& f, LstmLm& s) {
  vocabulary_field(f, s.vocabulary);
  width_field(f, s.width, "units a layer, and of the embedding");
  layers_field(f, s.layers, "LSTM layers");
  dropout_field(f, s.dropout);
  tied_field(f, s.tied);
  label_smoothing_field(f, s.label_smoothing);
}

Model lstm_language_model(Graph& g, const LstmLm& s, const BatchShape& shape) {
  return language_model(lstm_logits(g, s, shape.length, shape.batch), s.label_smoothing);
}

Value lstm_language_step(Graph& g, const LstmLm& s, std::int64_t batch) {
  return lstm_logits(g, s, 1, batch);
}

}  // namespace abax
