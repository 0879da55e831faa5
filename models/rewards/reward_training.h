// Training of a model that writes sequences on rewards of what it draws.
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
//
// An encoder-decoder learns as a whole. Of an autoencoder of sentences the decoder learns, and what
// reads labels or a source: each sentence is its own reference, written from its likeliest codes,
// which the encoder gives as it stands (what the decoder shares with it, an embedding or a codebook
// without moving averages, moves with the decoder).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/base/parallel.h"
#include "core/graph/variables.h"
#include "models/data/batch.h"
#include "models/generation/coder.h"
#include "models/generation/sequence_decoder.h"
#include "models/rewards/reward_objective.h"
#include "models/training/learner.h"

namespace abax {

/// A sequence that the model has drawn; tokens stand without begin and end.
struct DrawnSequence {
  std::span<const std::int32_t> source;  // as the model reads it, its end token included, or none
  std::span<const std::int32_t> reference;
  std::span<const std::int32_t> tokens;
  std::int64_t position = 0;  // of the batch that the item is of
  std::int64_t row = 0;       // of the item there
};

/// 1 where a sequence is its reference, else 0.
double exact_match(const DrawnSequence& drawn);

/// Whether a model writes sequences that it can be rewarded for: those with a StepDecoder.
bool takes_rewards(const ModelSettings& model);

struct RewardConfig {
  /// takes_rewards(model); `train_shapes` are those of the batches that learn() gets; there is no
  /// `build`.
  LearnerConfig learner = {};
  RewardObjective objective = {};
  std::int32_t begin = 0, end = 0;  // tokens before and behind each target
  std::function<double(const DrawnSequence& drawn)> reward = exact_match;
  /// In its place: of all that a batch draws at once, in order, which is cheaper for a model that
  /// judges.
  std::function<std::vector<double>(std::span<const DrawnSequence> drawn)> rewards = {};
  /// Tokens that a drawn sequence may be longer than the references of its shape; what has not
  /// ended there is scored as it stands.
  std::int64_t longer = 5;
  std::uint64_t seed = 0;
};

/// The parameters are the store's, plans are as the learner's: one a shape, whose rows are the
/// samples of all items and their references. Samples are drawn without dropout, at temperature 1,
/// and never begin anew; log p is that of the training graph, with its dropout, and of an
/// autoencoder counts the begin token too: as far as these differ, no estimator is unbiased.
class RewardTraining {
 public:
  /// Throws UsageError where the model writes no sequences, on settings out of range and without a
  /// reward.
  RewardTraining(Variables& store, const RewardConfig& config, Workers& workers,
                 SourceLocation where = SourceLocation::current());
  RewardTraining(const RewardTraining&) = delete;
  RewardTraining& operator=(const RewardTraining&) = delete;

  /// Draws sequences for the items of a batch (see models/model.h, translation and sentences),
  /// scores them and takes a step. The draws follow the seed, the batch's position and the
  /// parameters: the same for any number of threads. Of the Evaluation, the loss is less the
  /// objective, by item, and the metrics are
  ///   "reward"              the mean of the samples'
  ///   "baseline"            what these are held against: the mean of the others', the reward of
  ///                         the likeliest sequence, of minimum-risk the sum of Q r
  ///   "estimator_variance"  the sum over an item's sequences of the square of what grad log p is
  ///                         multiplied by: the variance of the item's gradient if those were
  ///                         independent and of norm 1
  ///   "nats"                of the references
  ///   "sample_nats"         of the samples, whose mean over items is the entropy of what is drawn
  /// Throws DataError on a reward that is no finite number, UsageError on another number of rewards
  /// than of sequences and on a shape that there is not, and what Learner::learn() throws.
  Evaluation learn(const data::Batch& items, const Scalars& scalars);

  /// Whose evaluate() is the model's ordinary one, by likelihood.
  Learner& learner() { return learner_; }

 private:
  struct Drawn;
  SequenceDecoder& decoder_for(int shape);
  /// A shape's steps: tokens of the longest drawn target and its end.
  std::int64_t steps_of(const BatchShape& shape) const;
  /// The same shape for so many rows of what was drawn.
  BatchShape rows_of(const BatchShape& shape, std::int64_t rows) const;
  Model build(Graph& graph, const BatchShape& shape) const;
  Value log_probabilities(Graph& graph, const BatchShape& rows) const;
  std::vector<double> rewards_of(std::span<const DrawnSequence> drawn) const;
  /// What the items of a batch are written from.
  std::vector<NamedTensor> conditions(const data::Batch& items);
  void draw(const data::Batch& items, std::span<const NamedTensor> conditions, Drawn& drawn);
  /// What the training plan reads, from what was drawn.
  void pack(const data::Batch& items, std::span<const NamedTensor> conditions, const Drawn& drawn);

  Variables& store_;
  RewardConfig config_;
  Workers& workers_;
  std::vector<std::unique_ptr<SequenceDecoder>> decoders_;  // by shape, made when it first comes
  Learner learner_;
  std::unique_ptr<Coder> coder_;  // of autoencoders, likewise
  Tensor codes_;
  data::Batch given_, packed_;  // what decoders and the training plan read
};

}  // namespace abax
