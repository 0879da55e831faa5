// Images, a Gaussian latent, images again.
#include "models/gaussian_vae.h"

#include "models/layers/layers.h"
#include "models/model_settings.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"

namespace abax {
namespace {

GaussianPosterior posterior_of(Value images, const GaussianVae& c) {
  return gaussian_posterior(encoded_features(images, c.image), c.latent);
}

Value log_likelihood_of(Value pixels, Value images, const GaussianVae& c) {
  return pixel_log_likelihood(pixels, images, c.image.pixels);
}

CodeShape code_shape(const GaussianVae& c) { return {c.latent.latents, 0}; }

GaussianPosterior posterior(Graph& g, const GaussianVae& c, const BatchShape& shape) {
  return posterior_of(image_inputs(g, c.image, shape.batch).images, c);
}

Value encode(Graph& g, const GaussianVae& c, const BatchShape& shape) {
  return posterior(g, c, shape).mean;
}

Value sample_posterior(Graph& g, const GaussianVae& c, const BatchShape& shape) {
  return gaussian_sample(posterior(g, c, shape)).z;
}

Value decode(Graph&, const GaussianVae& c, Value codes) {
  return drawn_pixels(codes, c.image, {c.pixels, c.width});
}

Value sample_prior(Graph& g, const GaussianVae& c, std::int64_t batch) {
  return gaussian_prior(g, c.latent, {batch});
}

Value log_weight(Graph& g, const GaussianVae& c, const BatchShape& shape) {
  const Value images = image_inputs(g, c.image, shape.batch).images;
  const GaussianPosterior q = posterior_of(images, c);
  const GaussianSample sample = gaussian_sample(q);
  const Value ratio = sum(gaussian_log_ratio(q, sample), {-1});
  const Value pixels = decoded_pixels(sample.z, images, c.image, {c.pixels, c.width});
  return log_likelihood_of(pixels, images, c) + ratio;
}

}  // namespace

void fields(Fields& f, GaussianVae& s) {
  f.part(s.image);
  f.part(s.latent);
  needs_latents(f, s.latent);
  pixels_field(f, s.pixels);
  if (s.pixels != "independent") width_field(f, s.width, "units of the decoder's conditionals");
}

Model gaussian_vae(Graph& g, const GaussianVae& c, const BatchShape& shape) {
  const auto [images, weights] = image_inputs(g, c.image, shape.batch);
  // Encoder.
  const Value features = encoded_features(images, c.image);
  // Latent.
  const GaussianPosterior q = gaussian_posterior(features, c.latent, weights);
  const Value z = gaussian_sample(q).z, kl = gaussian_kl(q);
  // Decoder.
  const Value pixels = decoded_pixels(z, images, c.image, {c.pixels, c.width});
  const Bound bound =
      gaussian_bound(q, z, kl, c.latent, log_likelihood_of(pixels, images, c), weights);
  Model model = variational_model(bound, pixel_mean(pixels, c.image.pixels), weights);
  g.name(q.mean, "codes");
  if (!g.training()) model.statistics = gaussian_statistics(q, kl, weights);
  return model;
}

Autoencoder gaussian_autoencoder() {
  return {.shape = erased<code_shape>,
          .encode = erased<encode>,
          .decode = erased<decode>,
          .sample = erased<sample_prior>,
          .log_weight = erased<log_weight>,
          .sample_posterior = erased<sample_posterior>,
          .posterior = erased<posterior>};
}

Scalars schedule_gaussian_vae(const GaussianVae& c, std::int64_t step, std::int64_t) {
  return gaussian_schedule(c.latent, step);
}

}  // namespace abax
