// Output projection, loss and metrics.
#include "models/layers/prediction.h"

#include "models/layers/layers.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/reduce.h"

namespace abax {

Value token_logits(Value x, Value table, bool tied, const Initialiser& initial) {
  const std::int64_t vocabulary = table.shape()[0];
  if (!tied) return linear(x, vocabulary, "output", /*with_bias=*/true, initial);
  const Value bias = x.graph().parameter_without_decay("output/bias", {vocabulary}, zeros());
  return matmul(x, table, {.transpose_b = true}) + bias;
}

Loss prediction_loss(Value logits, Value targets, const ModelConfig& c) {
  const float smoothing = logits.graph().training() ? c.label_smoothing : 0;
  return cross_entropy(logits, targets, {.ignored = -1, .smoothing = smoothing});
}

std::map<std::string, Loss> prediction_metrics(Value logits, Value targets, const Loss& loss) {
  if (logits.graph().training()) return {};
  // No class is -1: what does not count is never right.
  const Value right = equal(argmax(logits, -1), targets);  // u8 [..]
  return {{"accuracy", {sum(cast(right, f32)), loss.count}}};
}

}  // namespace abax
