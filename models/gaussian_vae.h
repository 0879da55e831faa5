// The variational autoencoder of images with Gaussian latents (Kingma and Welling 2014).
#pragma once

#include <cstdint>
#include <string>

#include "core/graph/graph.h"
#include "models/autoencoder.h"
#include "models/latents/gaussian.h"
#include "models/layers/image_modality.h"
#include "models/model.h"
#include "models/settings/fields.h"

namespace abax {

struct GaussianVae {
  ImageModality image = {};
  GaussianLatent latent = {};
  std::string pixels = "independent";  // of the decoder, see PixelConditioning
  std::int64_t width = 128;            // of the decoder's conditionals
};
void fields(Fields& f, GaussianVae& s);

/// z = mean + deviation * noise, standard normal prior, the analytic KL (Kingma and Welling 2014,
/// appendix B and C): models/latents/gaussian.h. Networks: models/layers/image_modality.h. Metrics
/// and loss: models/latents/variational.h. Statistics: gaussian_statistics(), each [latents].
/// Throws UsageError where the settings do not fit together.
Model gaussian_vae(Graph& graph, const GaussianVae& settings, const BatchShape& shape);

/// Codes are f32 [batch, latents].
Autoencoder gaussian_autoencoder();

Scalars schedule_gaussian_vae(const GaussianVae& settings, std::int64_t step, std::int64_t steps);

}  // namespace abax
