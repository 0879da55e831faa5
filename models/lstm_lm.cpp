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
Value lstm_logits(Graph& g, const ModelConfig& c, std::int64_t time, std::int64_t batch) {
  const Value tokens =
      g.input("tokens", {time, batch}, i32, range(0, static_cast<double>(c.vocabulary)));
  const Value keep = g.input("keep", {}, f32, range(0, 1.5));
  const Value table = g.parameter("embedding", {c.vocabulary, c.width}, normal(0.05f));
  Value x = dropout(embedding(tokens, table), c.dropout);  // [time, batch, width]
  for (int layer = 0; layer < c.layers; ++layer)
    x = dropout(lstm_layer(x, c.width, keep, "lstm" + std::to_string(layer)), c.dropout);
  return g.name(token_logits(x, table, c.tied), "logits");
}

}  // namespace

Model lstm_language_model(Graph& g, const ModelConfig& c, const BatchShape& shape) {
  const Value logits = lstm_logits(g, c, shape.length, shape.batch);
  const Value targets = g.input("targets", {shape.length, shape.batch}, i32,
                                range(-1, static_cast<double>(c.vocabulary)));
  return {logits, prediction_loss(logits, targets, c)};
}

Value lstm_language_step(Graph& g, const ModelConfig& c, std::int64_t batch) {
  return lstm_logits(g, c, 1, batch);
}

}  // namespace abax
