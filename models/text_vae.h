// The variational autoencoder of sentences (Bowman et al. 2016, "Generating sentences from a
// continuous space"): one latent, Gaussian or categorical, that stands for a whole sentence.
#pragma once

#include <cstdint>
#include <variant>

#include "core/graph/graph.h"
#include "models/autoencoder.h"
#include "models/latents/categorical.h"
#include "models/latents/gaussian.h"
#include "models/layers/text_modality.h"
#include "models/model.h"
#include "models/settings/fields.h"
#include "models/step_decoder.h"

namespace abax {

struct TextVae {
  TextModality text = {};
  std::variant<GaussianLatent, CategoricalLatent> latent = GaussianLatent{.latents = 32};
  std::int64_t width = 128;  // of categorical variables' conditionals: posterior and prior
};
void fields(Fields& f, TextVae& s);

/// p(x_t | x_<t, z) with z at every step: models/layers/text_modality.h. Latents:
/// models/latents/gaussian.h and categorical.h. Metrics and loss, in nats a sentence:
/// models/latents/variational.h, and "tokens", the targets that count. Statistics:
/// gaussian_statistics() or categorical_statistics(). With a Gaussian of 0 latents it is a language
/// model of sentences with the same decoder, what any latent is to be measured against. Throws
/// UsageError where the settings do not fit together.
Model text_vae(Graph& graph, const TextVae& settings, const BatchShape& shape);

/// Codes are f32 [batch, latents] of Gaussian latents, i32 of categorical ones. There is no
/// `decode`: a sentence is written token by token, see text_vae_decoder().
Autoencoder text_vae_autoencoder();
/// Begins with the input "codes".
StepDecoder text_vae_decoder();

Scalars schedule_text_vae(const TextVae& settings, std::int64_t step, std::int64_t steps);
/// Tokens of the longest sentence, with its end; 0 where there is no limit.
std::int64_t text_vae_context(const TextVae& settings);

}  // namespace abax
