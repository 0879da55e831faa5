// Training of a model that makes a sequence from another on rewards of what it draws.
//
//     RewardTraining training(
//         store, {.learner = {.model = settings, .train_shapes = pairs.shapes()},
//                 .begin = target_begin(tokenizer), .end = target_end(tokenizer),
//                 .reward = [&](const DrawnSequence& drawn) {
//                   return sentence_bleu(text_of(drawn.tokens), text_of(drawn.reference)) / 100;
//                 }},
//         workers);
//     for (std::int64_t step = 0; step < 1000; ++step)
//       training.learn(pairs.make(step), {{"learning_rate", 1e-5f}});
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/base/parallel.h"
#include "core/graph/variables.h"
#include "models/data/batch.h"
#include "models/generation/translator.h"
#include "models/rewards/reward_objective.h"
#include "models/training/learner.h"

namespace abax {

/// A sequence that the model has drawn; tokens stand without begin and end.
struct DrawnSequence {
  std::span<const std::int32_t> source;  // as the model reads it, its end token included
  std::span<const std::int32_t> reference;
  std::span<const std::int32_t> tokens;
};

/// 1 where a sequence is its reference, else 0.
double exact_match(const DrawnSequence& drawn);

struct RewardConfig {
  /// `model` has a StepDecoder that reads sources; `train_shapes` are those of the batches that
  /// learn() gets; there is no `build`.
  LearnerConfig learner = {};
  RewardObjective objective = {};
  std::int32_t begin = 0, end = 0;  // tokens before and behind each target
  std::function<double(const DrawnSequence& drawn)> reward = exact_match;
  /// Tokens that a drawn sequence may be longer than the references of its shape; what has not
  /// ended there is scored as it stands.
  std::int64_t longer = 5;
  std::uint64_t seed = 0;
};

/// The parameters are the store's, plans are as the learner's: one a shape, whose rows are the
/// samples of all items and their references. Samples are drawn without dropout, at temperature 1.
class RewardTraining {
 public:
  /// Throws UsageError where the model makes no sequence from another, on settings out of range and
  /// without a reward.
  RewardTraining(Variables& store, const RewardConfig& config, Workers& workers,
                 SourceLocation where = SourceLocation::current());
  RewardTraining(const RewardTraining&) = delete;
  RewardTraining& operator=(const RewardTraining&) = delete;

  /// Draws sequences for the sources of a batch of pairs (see data::SentencePairs), scores them and
  /// takes a step. The draws follow the seed, the batch's position and the parameters: the same for
  /// any number of threads. Of the Evaluation, the loss is less the objective, by item, and the
  /// metrics are "reward", the mean of the samples', "greedy_reward" (of self-critical), "nats" of
  /// the references and "sample_nats", whose mean over sources is the entropy of what is drawn.
  /// Throws DataError on a reward that is no finite number, UsageError on a shape that there is
  /// not, and what Learner::learn() throws.
  Evaluation learn(const data::Batch& pairs, const Scalars& scalars);

  /// Whose evaluate() is the model's ordinary one, by likelihood.
  Learner& learner() { return learner_; }

 private:
  struct Drawn;
  Translator& translator_for(int shape);
  /// A shape's steps: tokens of the longest drawn target and its end.
  std::int64_t steps_of(const BatchShape& shape) const;
  Model build(Graph& graph, const BatchShape& shape) const;
  double reward_of(const DrawnSequence& drawn) const;
  /// What the training plan reads, from what was drawn.
  void pack(const data::Batch& pairs, const Drawn& drawn);

  Variables& store_;
  RewardConfig config_;
  Workers& workers_;
  std::vector<std::unique_ptr<Translator>> translators_;  // by shape, made when it first comes
  Learner learner_;
  data::Batch packed_;
};

}  // namespace abax
