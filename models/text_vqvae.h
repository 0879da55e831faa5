// VQ-VAE of sentences: an autoencoder whose latents are several codes a sentence (van den Oord,
// Vinyals and Kavukcuoglu 2017; of text Kaiser et al. 2018, "Fast decoding in sequence models using
// discrete latent variables").
//
// The encoder's states become a few vectors (models/layers/resampler.h), which are normalised and
// brought to the quantiser's width by a linear map (encoder/code_norm, encoder/code), and
// models/latents/quantiser.h makes codes of them. The decoder attends to the codes' vectors, to
// each of which a learned one of its place is added; of recurrent layers the states begin from all
// of them as well.
//
// The loss of a sentence is -log p(x | codes) in nats, summed over its tokens, and the sum over
// places of the quantiser's terms as models/latents/quantiser.h has them, means over the width. So
// both grow with what they describe: the first with the tokens, the second with the places. (Eq. 3
// of the paper sums over the width besides: `commitment` = beta * code-width would be that.)
#pragma once

#include <cstdint>
#include <span>

#include "core/graph/graph.h"
#include "models/autoencoder.h"
#include "models/latents/quantiser.h"
#include "models/layers/resampler.h"
#include "models/layers/text_modality.h"
#include "models/model.h"
#include "models/settings/fields.h"
#include "models/step_decoder.h"

namespace abax {

struct TextVqvae {
  TextModality text = {};
  Resampler resampler = {};
  Quantiser quantiser = {.kind = Nearest{.codes = 128, .restart_below = 0.1f}, .code_width = 32};
};
void fields(Fields& f, TextVqvae& s);

/// Metrics: "reconstruction" (nats a sentence), "commitment" (the mean over places, without its
/// weight), "tokens" (targets that count, a sentence); in training graphs "code_perplexity" of the
/// batch, in evaluation graphs "accuracy" of the likeliest token given those before it. Statistics:
/// those of quantised_model() in models/latents/quantised.h. Padding and rows that only fill a
/// batch weigh nothing in any of them, nor in codebooks. Parameters: encoder/.., decoder/.. with
/// decoder/codes/{weight,bias,position}, the codebooks, and prior/counts (see count_in_training()).
/// Throws UsageError where the settings do not fit together.
Model text_vqvae(Graph& graph, const TextVqvae& settings, const BatchShape& shape);

/// Codes of a sentence place by place, those of a place one after another. There is no `decode`: a
/// sentence is written token by token. `sample` draws each code by how often it came at its place
/// in training, as if they were independent: a trained prior (models/code_prior.h) knows more.
Autoencoder text_vqvae_autoencoder();
/// Begins with the input "codes".
StepDecoder text_vqvae_decoder();
/// Before the first step: see start_codebooks() in models/latents/k_means.h.
void prepare_text_vqvae(Variables& store, const TextVqvae& settings,
                        std::span<const BatchInputs> batches, Workers& workers);
/// Tokens of the longest sentence, with its end; 0 where there is no limit.
std::int64_t text_vqvae_context(const TextVqvae& settings);

}  // namespace abax
