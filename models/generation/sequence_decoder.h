// Sequences written token by token by a model's StepDecoder, whatever they are made from: beam
// search, n-best lists and sampling.
//
//     SequenceDecoder decoder(store, settings, {.batch = 16, .beam = 5, .limit = 50}, workers);
//     const std::vector<NamedTensor> inputs{{"codes", codes}};   // [16, positions]
//     const BeamConfig search{.beam = 5, .limit = 49, .begin = 1, .end = 2};
//     const auto found = decoder.search(inputs, 16, search);
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/plan/execution.h"
#include "models/generation/beam_search.h"
#include "models/generation/shape_plans.h"
#include "models/model_settings.h"
#include "models/step_decoder.h"

namespace abax {

/// Tokens of the longest sequence that a model writes, its end counted. Throws UsageError where it
/// writes none, and where its settings do not say (their derived "context").
std::int64_t longest_sequence(const ModelSettings& settings,
                              SourceLocation where = SourceLocation::current());

/// Two plans: one reads what a batch of sequences is made from, one makes a step of all their
/// hypotheses. They share the store's parameters: what training changes later counts, and must not
/// happen meanwhile. What decoding carries from step to step is the decoder's own: the store stays
/// as it is, and any number of decoders, of any shapes, go side by side, in one thread or each in
/// its own.
class SequenceDecoder {
 public:
  /// The shape's `limit` counts steps: one more than the tokens of the longest sequence. Throws
  /// UsageError where the store does not hold the model that `settings` describe, or where learned
  /// positions are fewer than the shape asks for.
  SequenceDecoder(Variables& store, const ModelSettings& settings, const DecodingShape& shape,
                  Workers& workers, SourceLocation where = SourceLocation::current());

  /// For each of the first `count` rows of a batch of inputs the n best sequences, best first. The
  /// inputs are those of StepDecoder::begin, as many as the shape's batch; what it does not read is
  /// left out. Throws as check() does, UsageError on more rows than a batch has, and what
  /// Execution::set() throws on inputs that are missing or of another type.
  std::vector<std::vector<Hypothesis>> search(std::span<const NamedTensor> inputs,
                                              std::int64_t count, const BeamConfig& search);
  /// One drawn sequence for each. The shape's beam must be 1.
  std::vector<Hypothesis> sample(std::span<const NamedTensor> inputs, std::int64_t count,
                                 const BeamConfig& search, Sampler& sampler, Random& random);

  /// Throws UsageError where the search's beam is not the shape's or its limit does not fit.
  void check(const BeamConfig& search) const;
  const DecodingShape& shape() const { return shape_; }
  /// Whether the sequences depend on an input of that name.
  bool reads(std::string_view input) const { return begin_->reads(input); }

 private:
  void begin(std::span<const NamedTensor> inputs, std::int64_t count);
  std::span<const float> next(std::span<const std::int32_t> tokens,
                              std::span<const std::int32_t> parents);

  DecodingShape shape_;
  std::int64_t vocabulary_ = 0;
  std::unique_ptr<Variables> variables_;
  std::unique_ptr<Graph> begin_graph_, step_graph_;
  Value log_probabilities_;  // [rows, vocabulary]
  std::unique_ptr<Execution> begin_, step_;
  Tensor tokens_, position_, parents_;  // inputs of the second plan
};

}  // namespace abax
