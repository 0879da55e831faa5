// Target sequences for source sequences, with a trained encoder-decoder: sources packed into
// batches for a SequenceDecoder.
//
//     const DecodingShape shape{.batch = 16, .length = 40, .beam = 5, .limit = 50};
//     Translator translator(store, settings, shape, workers);
//     const BeamConfig search{.beam = 5, .limit = 49, .begin = 1, .end = 2};
//     const auto found = translator.translate(sources, search);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/function_ref.h"
#include "models/generation/sequence_decoder.h"

namespace abax {

/// It shares the store's parameters and keeps all else to itself, as a SequenceDecoder does.
class Translator {
 public:
  /// Throws as SequenceDecoder does, and UsageError where the model reads no sources.
  Translator(Variables& store, const ModelSettings& settings, const DecodingShape& shape,
             Workers& workers, SourceLocation where = SourceLocation::current());

  /// For each source (i32 tokens, its end token included where training had one) the n best
  /// targets, best first. Throws UsageError on a source longer than the shape's `length` and where
  /// the search's beam is not the shape's or its limit does not fit.
  ///
  /// A model with latents writes each by its row of `codes` [sources, positions], without any by
  /// codes of zeros: of Gaussian latents the prior's mean. Throws ShapeError on other codes, and
  /// UsageError on codes for a model that reads none.
  std::vector<std::vector<Hypothesis>> translate(std::span<const std::vector<std::int32_t>> sources,
                                                 const BeamConfig& search,
                                                 const Tensor& codes = {});
  /// One drawn target for each source. The shape's beam must be 1.
  std::vector<Hypothesis> sample(std::span<const std::vector<std::int32_t>> sources,
                                 const BeamConfig& search, Sampler& sampler, Random& random,
                                 const Tensor& codes = {});

  const DecodingShape& shape() const { return decoder_.shape(); }

 private:
  void check(std::span<const std::vector<std::int32_t>> sources, const BeamConfig& search,
             const Tensor& codes) const;
  /// What `search` finds for each batch of so many sources, read as these inputs.
  template <class Found>
  std::vector<Found> in_batches(
      std::span<const std::vector<std::int32_t>> sources, const Tensor& codes,
      FunctionRef<std::vector<Found>(std::span<const NamedTensor>, std::int64_t)> search);

  SequenceDecoder decoder_;
  Tensor source_, lengths_;
  Tensor codes_;  // [batch, positions]; empty of a model that reads none
};

}  // namespace abax
