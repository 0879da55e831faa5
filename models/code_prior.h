// A prior over the codes of images: a Transformer that reads a label and then code after code, and
// predicts the next one (van den Oord et al. 2017, section 3.2, with a Transformer for the
// PixelCNN).
//
// Codes are tokens 0 .. kinds - 1; behind them come the token of an image without a label and one a
// label. Only codes are predicted: vocabulary = kinds, source_vocabulary = kinds + 1 + labels.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/parallel.h"
#include "core/base/tensor.h"
#include "models/autoencoder.h"
#include "models/generation/sampling.h"
#include "models/model.h"
#include "models/model_config.h"

namespace abax {

/// `config` with its vocabularies and its context (as many tokens as codes an image) for codes of
/// this shape and so many labels. Throws UsageError where the latents are real numbers.
ModelConfig code_prior_config(ModelConfig config, const CodeShape& codes, std::int64_t labels);

/// The token that a sequence begins with, of a label from 0, or of none (-1). Throws UsageError on
/// a label that the configuration does not have.
std::int32_t label_token(const ModelConfig& config, std::int64_t label);

/// The model of TaskKind::codes. It is the causal Transformer of models/transformer_lm.h.
Model code_prior(Graph& graph, const ModelConfig& config, const BatchShape& shape);

/// Draws the codes of one image a label (-1: no label): i32 [labels, positions]. The store holds
/// the prior. Each image has random numbers of its own, by `seed` and its place alone.
Tensor draw_codes(const Variables& store, const ModelConfig& config,
                  std::span<const std::int64_t> labels, const SamplingConfig& sampling,
                  std::uint64_t seed, Workers& workers);

}  // namespace abax
