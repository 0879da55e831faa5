// The variational autoencoder with Gaussian latents (Kingma and Welling 2014).
#pragma once

#include "core/graph/graph.h"
#include "models/autoencoder.h"
#include "models/model.h"
#include "models/model_config.h"

namespace abax {

/// Posterior N(mean, diag(exp(log_variance))) of ModelConfig::latents dimensions, standard normal
/// prior, z = mean + deviation * noise with the noise named "noise" [batch, latents], the analytic
/// KL (Kingma and Welling 2014, appendix B and C). Parameters are those of
/// models/layers/image_network.h, encoder/mean and encoder/log_variance {weight, bias}. Metrics and
/// loss: models/latents/variational.h. Statistics of evaluations, sums over images:
/// "kl_per_latent", "mean" and "mean_square" (of the posterior's means), each [latents]. Throws
/// UsageError where the configuration does not fit together.
Model gaussian_vae(Graph& graph, const ModelConfig& config, const BatchShape& shape);

/// Codes are f32 [batch, latents].
Autoencoder gaussian_autoencoder();

}  // namespace abax
