// From the last hidden values to logits, and from these to a loss and an accuracy: what models that
// predict tokens or classes share.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/graph/graph.h"
#include "models/model.h"
#include "models/settings/fields.h"
#include "ops/loss.h"

namespace abax {

/// x [.., width] -> logits [.., vocabulary]. Parameters: output/bias [vocabulary] and, unless
/// `tied`, output/weight [width, vocabulary] (`initial`); tied, the weight is the transpose of
/// `table` [vocabulary, width] (Press and Wolf 2017).
Value token_logits(Operand x, Value table, bool tied, const Initialiser& initial = init::glorot());

/// What a step of decoding gives: of the last hidden values x [1, rows, width] the
/// log-probabilities of the next token, [rows, vocabulary], by the same parameters.
Value next_token_log_probabilities(Operand x, Value table, bool tied);

/// Cross-entropy over the targets that are not -1; in a training graph with label smoothing, this
/// share of the target being spread over all classes (Szegedy et al. 2016, section 7). logits is
/// [.., classes], targets is i32 [..].
Loss prediction_loss(Value logits, Value targets, float label_smoothing);

/// A model of the task "language" out of its logits [time, batch, vocabulary]: makes the input
/// "targets" [time, batch] i32, -1 where nothing is counted.
Model language_model(Value logits, float label_smoothing);

/// In evaluation graphs "accuracy": {how many of the counted targets have the greatest logit, how
/// many count}. Nothing in training graphs, where it would cost time. logits and targets as in
/// prediction_loss, whose result is `loss`.
std::map<std::string, Loss> prediction_metrics(Value logits, Value targets, const Loss& loss);

// Fields of the settings of such models.

/// "vocabulary-size", derived: how many tokens there are.
Field& vocabulary_field(Fields& f, std::int64_t& vocabulary);
/// "classes", derived: how many labels there are.
Field& classes_field(Fields& f, std::int64_t& classes);
/// "tied": see token_logits().
Field& tied_field(Fields& f, bool& tied);
/// "shared-embeddings": what reads and what writes have one; `help` says which they are.
Field& shared_embeddings_field(Fields& f, bool& shared, std::string help);
/// "label-smoothing", from 0 to below 1: see prediction_loss().
Field& label_smoothing_field(Fields& f, float& label_smoothing);

}  // namespace abax
