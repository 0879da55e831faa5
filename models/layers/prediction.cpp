// Output projection, loss, metrics and their settings.
#include "models/layers/prediction.h"

#include <utility>

#include "models/layers/layers.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/normalise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {

Value token_logits(Operand x, Value table, bool tied, const Initialiser& initial) {
  Graph& g = x.value().graph();
  g.require_own(table, "token_logits: the table", x.where());
  const std::int64_t vocabulary =
      checked_shape("token_logits", "[vocabulary, width]", {table, x.where()}, 2)[0];
  if (!tied) return linear(x, vocabulary, "output", /*with_bias=*/true, initial);
  const Value bias =
      g.parameter_without_decay("output/bias", {vocabulary}, init::zeros(), x.where());
  return matmul(x, {table, x.where()}, {.transpose_b = true}) + bias;
}

Value next_token_log_probabilities(Operand x, Value table, bool tied) {
  const Value logits = token_logits(x, table, tied);  // [1, rows, vocabulary]
  return log_softmax(reshape(logits, logits.shape().without(0)));
}

Loss prediction_loss(Value logits, Value targets, float label_smoothing) {
  const float smoothing = logits.graph().training() ? label_smoothing : 0;
  return cross_entropy(logits, targets, {.ignored = -1, .smoothing = smoothing});
}

Model language_model(Value logits, float label_smoothing) {
  const Shape& shape = logits.shape();  // [time, batch, vocabulary]
  const Value targets =
      logits.graph().input("targets", {shape[0], shape[1]}, i32, values_in(-1, shape[2]));
  return {logits, prediction_loss(logits, targets, label_smoothing)};
}

std::map<std::string, Loss> prediction_metrics(Value logits, Value targets, const Loss& loss) {
  if (logits.graph().training()) return {};
  // No class is -1: what does not count is never right.
  const Value right = equal(argmax(logits, -1), targets);  // u8 [..]
  return {{"accuracy", {sum(cast(right, f32)), loss.count}}};
}

Field& vocabulary_field(Fields& f, std::int64_t& vocabulary) {
  return f.derived("vocabulary-size", vocabulary)
      .formerly("vocabulary")
      .at_least(1)
      .at_most(1 << 30);
}

Field& classes_field(Fields& f, std::int64_t& classes) {
  return f.derived("classes", classes).at_least(0).at_most(1 << 30);
}

Field& tied_field(Fields& f, bool& tied) {
  return f("tied", tied, "the output layer shares the embedding's matrix");
}

Field& shared_embeddings_field(Fields& f, bool& shared, std::string help) {
  return f("shared-embeddings", shared, std::move(help));
}

Field& label_smoothing_field(Fields& f, float& label_smoothing) {
  return f("label-smoothing", label_smoothing, "share of the target spread over all classes")
      .at_least(0)
      .below(1);
}

}  // namespace abax
