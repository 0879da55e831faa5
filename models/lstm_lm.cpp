// The LSTM language model, from tokens to loss.
#include "models/lstm_lm.h"

#include "models/layers.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/matmul.h"

namespace abax {

LanguageModel lstm_language_model(Graph& g, const LanguageModelConfig& c, std::int64_t time,
                                  std::int64_t batch) {
  const auto vocabulary = static_cast<double>(c.vocabulary);
  const Value tokens = g.input("tokens", {time, batch}, i32, range(0, vocabulary));
  const Value targets = g.input("targets", {time, batch}, i32, range(-1, vocabulary));
  const Value keep = g.input("keep", {}, f32, range(0, 1.5));
  const Value table = g.parameter("embedding", {c.vocabulary, c.width}, normal(0.05f));
  Value x = dropout(embedding(tokens, table), c.dropout);  // [time, batch, width]
  for (int layer = 0; layer < c.layers; ++layer)
    x = dropout(lstm_layer(x, c.width, keep, "lstm" + std::to_string(layer)), c.dropout);
  Value logits;
  if (c.tied) {
    const Value bias = g.parameter_without_decay("output/bias", {c.vocabulary}, zeros());
    logits = matmul(x, table, {.transpose_b = true}) + bias;
  } else {
    logits = linear(x, c.vocabulary, "output");
  }
  g.name(logits, "logits");
  return {logits, cross_entropy(logits, targets)};
}

}  // namespace abax
