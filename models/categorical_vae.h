// The variational autoencoder of images with categorical latents (Jang et al. 2017).
#pragma once

#include <cstdint>
#include <string>

#include "core/graph/graph.h"
#include "models/autoencoder.h"
#include "models/latents/categorical.h"
#include "models/layers/image_modality.h"
#include "models/model.h"
#include "models/settings/fields.h"

namespace abax {

struct CategoricalVae {
  ImageModality image = {};
  CategoricalLatent latent = {};
  std::string pixels = "independent";  // of the decoder, see PixelConditioning
  std::int64_t width = 128;            // of all conditionals: posterior, prior, decoder
};
void fields(Fields& f, CategoricalVae& s);

/// One-hot latents for the decoder, with the estimator's gradient: models/latents/categorical.h.
/// Networks: models/layers/image_modality.h. Metrics and loss: models/latents/variational.h; there
/// is no metric "elbo" of relaxed samples. The codes are the likeliest, one variable after another.
/// Statistics: categorical_statistics(). Throws UsageError where the settings do not fit together.
Model categorical_vae(Graph& graph, const CategoricalVae& settings, const BatchShape& shape);

/// Codes are i32 [batch, latents].
Autoencoder categorical_autoencoder();

Scalars schedule_categorical_vae(const CategoricalVae& settings, std::int64_t step,
                                 std::int64_t steps);

}  // namespace abax
