// The variational autoencoder with categorical latents.
#pragma once

#include "core/graph/graph.h"
#include "models/autoencoder.h"
#include "models/model.h"
#include "models/model_config.h"

namespace abax {

/// ModelConfig::latents variables of ModelConfig::categories values (Jang et al. 2017), one-hot for
/// the decoder. Their gradient is that of ModelConfig::estimator with ModelConfig::samples samples
/// of the posterior an image (see models/latents/estimators.h); "temperature" is a scheduled
/// scalar. Noise is named "noise" [samples, batch, latents, categories].
///
/// Posterior: "independent" logits encoder/logits {weight, bias}; "autoregressive" adds
/// conditionals (models/layers/conditionals.h) of ModelConfig::width units,
/// encoder/conditional/{hidden/weight, hidden/bias, embedding, output}. Prior: "uniform"; "learned"
/// independent logits prior/logits; "autoregressive" with conditionals besides,
/// prior/conditional/{hidden, embedding, output}.
///
/// The KL is the sum of KL(q(z_k|z_<k, x), p(z_k|z_<k)), which of independent variables is the KL
/// itself and else its Monte-Carlo estimate by the samples, with each variable summed out.
/// "vimco" trains the bound of all its samples (its loss; the weight of the KL multiplies log p(z)
/// - log q(z|x)) and needs at least two, as "rloo" does; "exact" sums over all states.
///
/// In an evaluation graph there is one hard sample of the posterior, whatever the estimator, so
/// that the loss is -ELBO; the codes are the likeliest, one variable after another. Metrics and
/// loss: models/latents/variational.h; there is no metric "elbo" of relaxed samples. Statistics of
/// evaluations, sums over images: "kl_per_latent" [latents], "posterior" [latents * categories] of
/// q(z_k|z_<k, x), "posterior_entropy" [latents] of the same in nats, "code_counts" [latents *
/// categories] of the codes. Throws UsageError where the configuration does not fit together.
Model categorical_vae(Graph& graph, const ModelConfig& config, const BatchShape& shape);

/// Codes are i32 [batch, latents].
Autoencoder categorical_autoencoder();

}  // namespace abax
