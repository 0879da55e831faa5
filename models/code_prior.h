// A prior over the codes of images: a Transformer that reads a label and then code after code, and
// predicts the next one (van den Oord et al. 2017, section 3.2, with a Transformer for the
// PixelCNN).
//
// Codes are tokens 0 .. kinds - 1; behind them come the token of an image without a label and one a
// label. Only codes are predicted.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/parallel.h"
#include "core/base/tensor.h"
#include "models/autoencoder.h"
#include "models/generation/sampling.h"
#include "models/layers/transformer.h"
#include "models/model.h"
#include "models/settings/fields.h"

namespace abax {

struct CodePrior {
  std::int64_t kinds = 0;                 // of codes
  std::int64_t labels = 0;                // 0: images have none
  TransformerConfig blocks{.layers = 2};  // with a context of as many tokens as codes an image
  float label_smoothing = 0;              // in training graphs
};
void fields(Fields& f, CodePrior& settings);

/// `settings` with what follows from the shape of the codes and from how many labels there are.
/// Throws UsageError where the latents are real numbers.
CodePrior code_prior_for(CodePrior settings, const CodeShape& codes, std::int64_t labels);

/// The token that a sequence begins with, of a label from 0, or of none (-1). Throws UsageError on
/// a label that the prior does not have.
std::int32_t label_token(const CodePrior& settings, std::int64_t label);

/// The model of the task "codes". It is the causal Transformer of models/transformer_lm.h.
Model code_prior(Graph& graph, const CodePrior& settings, const BatchShape& shape);
/// One step of drawing; see transformer_language_step() and ModelEntry::step.
Value code_prior_step(Graph& graph, const CodePrior& settings, std::int64_t batch);

/// Draws the codes of one image a label (-1: no label): i32 [labels, positions]. The store holds
/// the prior and stays as it is. Each image has random numbers of its own, by `seed` and its place
/// alone.
Tensor draw_codes(Variables& store, const CodePrior& settings, std::span<const std::int64_t> labels,
                  const SamplingConfig& sampling, std::uint64_t seed, Workers& workers);

}  // namespace abax
