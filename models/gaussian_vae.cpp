// A Gaussian posterior, reparameterised, and its bound.
#include "models/gaussian_vae.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/latents/variational.h"
#include "models/layers/layers.h"
#include "models/layers/pixels.h"
#include "ops/elementwise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

GaussianPosterior posterior_of(Value images, const ModelConfig& c) {
  if (c.latents < 1) throw UsageError(text("at least one latent is expected, not ", c.latents));
  const Value features = encoded_features(images, c);
  const auto scope = images.graph().scope("encoder");
  return {linear(features, c.latents, "mean"), linear(features, c.latents, "log_variance")};
}

struct Sample {
  Value noise, z;  // [batch, latents]
};

Sample sample_of(const GaussianPosterior& q) {
  Graph& g = q.mean.graph();
  const Value noise = g.name(random_normal(g, q.mean.shape()), "noise");
  return {noise, q.mean + exp(0.5 * q.log_variance) * noise};
}

/// Kingma and Welling 2014, appendix B, of each latent: [batch, latents].
Value kl_of(const GaussianPosterior& q) {
  return 0.5 * (square(q.mean) + exp(q.log_variance) - q.log_variance - 1);
}

CodeShape code_shape(const ModelConfig& c) { return {c.latents, 0}; }

Value encode(Graph&, const ModelConfig& c, Value images) { return posterior_of(images, c).mean; }

Value decode(Graph&, const ModelConfig& c, Value codes) { return drawn_pixels(codes, c); }

Value sample_prior(Graph& g, const ModelConfig& c, std::int64_t batch) {
  return random_normal(g, {batch, c.latents});
}

GaussianPosterior posterior(Graph&, const ModelConfig& c, Value images) {
  return posterior_of(images, c);
}

Value sample_posterior(Graph&, const ModelConfig& c, Value images) {
  return sample_of(posterior_of(images, c)).z;
}

Value log_weight(Graph&, const ModelConfig& c, Value images) {
  const GaussianPosterior q = posterior_of(images, c);
  const auto [noise, z] = sample_of(q);
  // log N(z; 0, 1) - log N(z; mean, variance): what both have of pi cancels.
  const Value log_ratio = 0.5 * (square(noise) + q.log_variance - square(z));
  return pixel_log_likelihood(decoded_pixels(z, images, c), images, c) + sum(log_ratio, {-1});
}

}  // namespace

Model gaussian_vae(Graph& g, const ModelConfig& c, const BatchShape& shape) {
  const auto [images, weights] = image_inputs(g, c, shape.batch);
  const GaussianPosterior q = posterior_of(images, c);
  const Value pixels = decoded_pixels(sample_of(q).z, images, c);
  const Value kl = kl_of(q);
  const Bound bound =
      bound_of(pixel_log_likelihood(pixels, images, c), sum(kl, {-1}), kl_weight(g));
  Model model = variational_model(bound, pixel_mean(pixels, c), weights);
  g.name(q.mean, "codes");
  if (!g.training())
    model.statistics = {{"kl_per_latent", sum_over_images(kl, weights)},
                        {"mean", sum_over_images(q.mean, weights)},
                        {"mean_square", sum_over_images(square(q.mean), weights)}};
  return model;
}

Autoencoder gaussian_autoencoder() {
  return {.shape = code_shape,
          .encode = encode,
          .decode = decode,
          .sample = sample_prior,
          .log_weight = log_weight,
          .sample_posterior = sample_posterior,
          .posterior = posterior};
}

}  // namespace abax
