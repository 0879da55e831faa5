// Target sequences for source sequences, with a trained encoder-decoder: beam search, n-best lists
// and sampling, in batches.
//
//     const DecodingShape shape{.batch = 16, .length = 40, .beam = 5, .limit = 50};
//     Translator translator(store, settings, shape, workers);
//     const BeamConfig search{.beam = 5, .limit = 49, .begin = 1, .end = 2};
//     const auto found = translator.translate(sources, search);
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/plan/execution.h"
#include "models/generation/beam_search.h"
#include "models/model_settings.h"
#include "models/step_decoder.h"

namespace abax {

/// Two plans: one reads up to `batch` sources, one makes a step of all their hypotheses. They share
/// the store's parameters: what training changes later counts, and must not happen meanwhile. What
/// decoding carries from step to step is the translator's own: the store stays as it is, and any
/// number of translators, of any shapes, go side by side, in one thread or each in its own.
class Translator {
 public:
  /// The shape's `limit` counts steps: one more than the tokens of the longest target. Throws
  /// UsageError where the store does not hold the model that `settings` describe, or where learned
  /// positions are fewer than the shape asks for.
  Translator(Variables& store, const ModelSettings& settings, const DecodingShape& shape,
             Workers& workers, SourceLocation where = SourceLocation::current());

  /// For each source (i32 tokens, its end token included where training had one) the n best
  /// targets, best first. Throws UsageError on a source longer than the shape's `length` and where
  /// the search's beam is not the shape's or its limit does not fit.
  std::vector<std::vector<Hypothesis>> translate(std::span<const std::vector<std::int32_t>> sources,
                                                 const BeamConfig& search);
  /// One drawn target for each source. The shape's beam must be 1.
  std::vector<Hypothesis> sample(std::span<const std::vector<std::int32_t>> sources,
                                 const BeamConfig& search, Sampler& sampler, Random& random);

  const DecodingShape& shape() const { return shape_; }

 private:
  void check(std::span<const std::vector<std::int32_t>> sources, const BeamConfig& search) const;
  /// Reads at most a batch of sources and sets the position to 0.
  void begin(std::span<const std::vector<std::int32_t>> sources);
  /// What `search` finds for each batch of so many sources, which have been read before.
  template <class Found>
  std::vector<Found> in_batches(std::span<const std::vector<std::int32_t>> sources,
                                FunctionRef<std::vector<Found>(std::int64_t)> search);
  std::span<const float> next(std::span<const std::int32_t> tokens,
                              std::span<const std::int32_t> parents);

  DecodingShape shape_;
  std::int64_t vocabulary_ = 0;
  std::unique_ptr<Variables> variables_;
  std::unique_ptr<Graph> encode_graph_, step_graph_;
  Value log_probabilities_;  // [rows, vocabulary]
  std::unique_ptr<Execution> encode_, step_;
  Tensor source_, lengths_;             // inputs of the first plan
  Tensor tokens_, position_, parents_;  // inputs of the second
};

}  // namespace abax
