// From the last hidden values to logits, and from these to a loss and an accuracy: what models that
// predict tokens or classes share.
#pragma once

#include <map>
#include <string>

#include "core/graph/graph.h"
#include "models/model_config.h"
#include "ops/loss.h"

namespace abax {

/// x [.., width] -> logits [.., vocabulary]. Parameters: output/bias [vocabulary] and, unless
/// `tied`, output/weight [width, vocabulary] (`initial`); tied, the weight is the transpose of
/// `table` [vocabulary, width] (Press and Wolf 2017).
Value token_logits(Value x, Value table, bool tied, const Initialiser& initial = glorot());

/// Cross-entropy over the targets that are not -1, with the configuration's label smoothing in a
/// training graph. logits is [.., classes], targets is i32 [..].
Loss prediction_loss(Value logits, Value targets, const ModelConfig& config);

/// In evaluation graphs "accuracy": {how many of the counted targets have the greatest logit, how
/// many count}. Nothing in training graphs, where it would cost time. logits and targets as in
/// prediction_loss, whose result is `loss`.
std::map<std::string, Loss> prediction_metrics(Value logits, Value targets, const Loss& loss);

}  // namespace abax
