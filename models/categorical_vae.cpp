// Images, categorical latents, images again.
#include "models/categorical_vae.h"

#include "models/layers/layers.h"
#include "models/model_settings.h"
#include "ops/elementwise.h"
#include "ops/shape.h"

namespace abax {
namespace {

Conditionals posterior_of(Value images, const CategoricalVae& c) {
  return categorical_posterior(encoded_features(images, c.image), c.latent, c.width);
}

/// Parameters and log p(x|z) of the pixels by each sample.
struct Decoded {
  Value pixels, log_likelihood;
};
Decoded decoded(const CategoricalSamples& samples, Value images, const CategoricalVae& c) {
  const Value pixels = decoded_pixels(samples.vectors(), images, c.image, {c.pixels, c.width});
  return {pixels, pixel_log_likelihood(pixels, images, c.image.pixels)};
}

CodeShape code_shape(const CategoricalVae& c) { return {c.latent.latents, c.latent.categories}; }

Value encode(Graph& g, const CategoricalVae& c, const BatchShape& shape) {
  return likeliest_codes(posterior_of(image_inputs(g, c.image, shape.batch).images, c));
}

Value sample_posterior(Graph& g, const CategoricalVae& c, const BatchShape& shape) {
  return drawn_codes(posterior_of(image_inputs(g, c.image, shape.batch).images, c), {shape.batch});
}

Value decode(Graph&, const CategoricalVae& c, Value codes) {
  return drawn_pixels(code_vectors(codes, c.latent), c.image, {c.pixels, c.width});
}

Value sample_prior(Graph& g, const CategoricalVae& c, std::int64_t batch) {
  return drawn_codes(categorical_prior(g, c.latent, c.width), {batch});
}

Value log_weight(Graph& g, const CategoricalVae& c, const BatchShape& shape) {
  const Value images = image_inputs(g, c.image, shape.batch).images;
  const CategoricalSamples s =
      hard_sample_of(posterior_of(images, c), categorical_prior(g, c.latent, c.width));
  const Value log_likelihood = decoded(s, images, c).log_likelihood;  // [1, batch]
  return reshape(log_likelihood + s.log_p() - s.log_q(), {shape.batch});
}

}  // namespace

void fields(Fields& f, CategoricalVae& s) {
  f.part(s.image);
  f.part(s.latent);
  pixels_field(f, s.pixels);
  if (s.pixels != "independent" || has_conditionals(s.latent))
    width_field(f, s.width, "units of all conditionals");
}

Model categorical_vae(Graph& g, const CategoricalVae& c, const BatchShape& shape) {
  const auto [images, weights] = image_inputs(g, c.image, shape.batch);
  // Encoder.
  const Value features = encoded_features(images, c.image);
  // Latent.
  const Conditionals q = categorical_posterior(features, c.latent, c.width);
  const Conditionals p = categorical_prior(g, c.latent, c.width);
  const CategoricalSamples samples = categorical_samples(q, p, c.latent);
  // Decoder.
  const auto [pixels, log_likelihood] = decoded(samples, images, c);
  const Bound bound =
      categorical_bound(samples, c.latent, log_likelihood, kl_weight(g), images, weights);
  const Value mean = samples.mean_of(pixel_mean(pixels, c.image.pixels));
  Model model = variational_model(bound, mean, weights, makes_bound(g, c.latent));
  if (c.latent.estimator == "nvil") model.apart = {"baseline/"};
  const Value codes = g.name(likeliest_codes(q), "codes");
  if (!g.training()) model.statistics = categorical_statistics(samples, codes, c.latent, weights);
  return model;
}

Autoencoder categorical_autoencoder() {
  return {.shape = erased<code_shape>,
          .encode = erased<encode>,
          .decode = erased<decode>,
          .sample = erased<sample_prior>,
          .log_weight = erased<log_weight>,
          .sample_posterior = erased<sample_posterior>};
}

Scalars schedule_categorical_vae(const CategoricalVae& c, std::int64_t step, std::int64_t steps) {
  return categorical_schedule(c.latent, step, steps);
}

}  // namespace abax
