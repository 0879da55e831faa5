// Posterior, prior and bound of categorical latents, and the estimators' gradients for it.
#include "models/categorical_vae.h"

#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/sum.h"
#include "models/latents/estimators.h"
#include "models/latents/variational.h"
#include "models/layers/conditionals.h"
#include "models/layers/layers.h"
#include "models/layers/pixels.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/normalise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

void check(const ModelConfig& c) {
  if (c.latents < 1 || c.categories < 1)
    throw UsageError(text("at least one latent of one category is expected, not ", c.latents,
                          " of ", c.categories));
  if (c.samples < 1) throw UsageError(text("at least one sample is expected, not ", c.samples));
  if (c.posterior != "independent" && c.posterior != "autoregressive")
    throw UsageError(
        text("there is no posterior '", c.posterior, "'; known are independent, autoregressive"));
  if (c.prior != "uniform" && c.prior != "learned" && c.prior != "autoregressive")
    throw UsageError(
        text("there is no prior '", c.prior, "'; known are uniform, learned, autoregressive"));
  check_estimator(c.estimator);
}

/// q(z|x), logits [batch, latents, categories].
Conditionals posterior_of(Value images, const ModelConfig& c) {
  check(c);
  const Value features = encoded_features(images, c);
  const auto scope = images.graph().scope("encoder");
  const Value logits = reshape(linear(features, c.latents * c.categories, "logits"),
                               {features.shape()[0], c.latents, c.categories});
  if (c.posterior == "independent" || c.latents < 2) return {.logits = logits};
  return conditional(logits, linear(features, c.width, "conditional/hidden"), c.categories);
}

/// p(z), logits [latents, categories].
Conditionals prior_of(Graph& g, const ModelConfig& c) {
  check(c);
  const Shape shape{c.latents, c.categories};
  if (c.prior == "uniform") return {.logits = g.constant(Tensor(shape))};
  const auto scope = g.scope("prior");
  const Value logits = g.parameter_without_decay("logits", shape, zeros());
  if (c.prior == "learned" || c.latents < 2) return {.logits = logits};
  return conditional(logits, g.parameter_without_decay("conditional/hidden", {c.width}, zeros()),
                     c.categories);
}

/// [.., latents, categories] -> log p(x|z), [..]; with its pixels' parameters.
struct Decoded {
  Value pixels, log_likelihood;
};
Decoded decode_latents(Value z, Value images, const ModelConfig& c) {
  const Shape& shape = z.shape();
  const Value flat =
      reshape(z, shape.without(shape.axis(-1)).with(shape.rank() - 2, c.latents * c.categories));
  const Value pixels = decoded_pixels(flat, images, c);
  return {pixels, pixel_log_likelihood(pixels, images, c)};
}

/// The likeliest value of each variable in turn, one-hot.
Value likeliest(const Conditionals& q) { return draw(q, {}, hard_sample).z; }

Value gumbel_noise(Graph& g, std::int64_t samples, std::int64_t batch, const ModelConfig& c) {
  return g.name(random_gumbel(g, {samples, batch, c.latents, c.categories}), "noise");
}

/// What a model needs of some samples of the posterior, all [samples, batch, ..].
struct Samples {
  Draw drawn;
  Value p_logits;  // of the prior, given the sample
  Decoded decoded;
  Value kl;  // [samples, batch, latents]
  Value log_q() const { return log_probability(drawn.logits, drawn.z); }
  Value log_p() const { return log_probability(p_logits, drawn.z); }
};

Samples samples_of(const Draw& drawn, const Conditionals& p, Value images, const ModelConfig& c) {
  const Value p_logits = logits_given(p, drawn.z);
  Samples s{drawn, p_logits, decode_latents(drawn.z, images, c),
            categorical_kl(drawn.logits, p_logits)};
  // Of independent variables the KL is the same for all samples.
  Shape each = drawn.z.shape();
  s.kl = broadcast_to(s.kl, each.without(each.axis(-1)));
  return s;
}

Samples draw_samples(const Conditionals& q, const Conditionals& p, Value images,
                     std::int64_t samples, std::string_view estimator, Value temperature,
                     const ModelConfig& c) {
  const Value noise = gumbel_noise(images.graph(), samples, images.shape()[0], c);
  const Draw drawn = draw(q, noise, [&](Value logits, Value part) {
    return sampled(estimator, logits, part, temperature);
  });
  return samples_of(drawn, p, images, c);
}

/// Every state with its probability for a weight.
Bound exact_bound(const Conditionals& q, const Conditionals& p, Value images, Value weight,
                  const ModelConfig& c, Value& pixels) {
  const Value states = all_states(images.graph(), c.latents, c.categories);
  const std::int64_t count = states.shape()[0], batch = images.shape()[0];
  const Value z = reshape(states, {count, 1, c.latents, c.categories});
  const Value q_logits = logits_given(q, z);  // [states or none, batch, latents, categories]
  const Value probability = exp(log_probability(q_logits, z));  // [states, batch]
  const Value kl =
      broadcast_to(sum(categorical_kl(q_logits, logits_given(p, z)), {-1}), {count, batch});
  const Decoded decoded = decode_latents(z, images, c);
  const Value share = reshape(probability, {count, batch, 1, 1, 1});
  pixels = sum(share * pixel_mean(decoded.pixels, c), {0});
  return bound_of(sum(probability * decoded.log_likelihood, {0}), sum(probability * kl, {0}),
                  weight);
}

/// The bound by samples, with the estimator's gradient.
Bound estimated_bound(const Samples& s, const ImageInputs& inputs, Value weight,
                      std::string_view estimator) {
  const auto& [images, weights] = inputs;
  const Bound each =
      bound_of(s.decoded.log_likelihood, sum(s.kl, {-1}), weight);  // [samples, batch]
  Bound bound{mean(each.log_likelihood, {0}), mean(each.kl, {0}), {}};
  if (estimator == "vimco") {
    const Value log_q = s.log_q();
    const Value ratio = weight * (s.log_p() - log_q);
    bound.objective = multi_sample_bound(s.decoded.log_likelihood + ratio, log_q);
  } else if (estimator == "rloo") {
    bound.objective = mean(leave_one_out(each.objective, s.log_q()), {0});
  } else if (estimator == "nvil") {
    const LearnedBaseline baseline = learned_baseline(reshape(images, {images.shape()[0], -1}),
                                                      each.objective, weights, "baseline");
    const Value scored = with_score(each.objective, s.log_q(), baseline.prediction);
    bound.objective = mean(scored, {0}) - baseline.loss;
  } else {
    bound.objective = mean(each.objective, {0});
  }
  return bound;
}

CodeShape code_shape(const ModelConfig& c) { return {c.latents, c.categories}; }

Value encode(Graph&, const ModelConfig& c, Value images) {
  return argmax(likeliest(posterior_of(images, c)), -1);
}

Value decode(Graph&, const ModelConfig& c, Value codes) {
  const Value z = reshape(one_hot(codes, c.categories), {codes.shape()[0], -1});
  return drawn_pixels(z, c);
}

Value sample_prior(Graph& g, const ModelConfig& c, std::int64_t batch) {
  const Value noise = random_gumbel(g, {batch, c.latents, c.categories});
  return argmax(draw(prior_of(g, c), noise, hard_sample).z, -1);
}

Value sample_posterior(Graph& g, const ModelConfig& c, Value images) {
  const Value noise = random_gumbel(g, {images.shape()[0], c.latents, c.categories});
  return argmax(draw(posterior_of(images, c), noise, hard_sample).z, -1);
}

Value log_weight(Graph& g, const ModelConfig& c, Value images) {
  const Samples s = draw_samples(posterior_of(images, c), prior_of(g, c), images, 1, "", {}, c);
  return reshape(s.decoded.log_likelihood + s.log_p() - s.log_q(), {images.shape()[0]});
}

}  // namespace

Model categorical_vae(Graph& g, const ModelConfig& c, const BatchShape& shape) {
  const ImageInputs inputs = image_inputs(g, c, shape.batch);
  const Value images = inputs.images, weights = inputs.weights;
  const Conditionals q = posterior_of(images, c), p = prior_of(g, c);
  const Value weight = kl_weight(g);
  if (g.training() && c.estimator == "exact") {
    Value pixels;
    const Bound bound = exact_bound(q, p, images, weight, c, pixels);
    return variational_model(bound, pixels, weights);
  }
  // An evaluation takes a hard sample, as the score's estimators do.
  const std::string estimator = g.training() ? c.estimator : "";
  const Samples s = draw_samples(q, p, images, g.training() ? c.samples : 1, estimator,
                                 scheduled(g, "temperature", 1), c);
  const Bound bound = estimated_bound(s, inputs, weight, estimator);
  const Value mean_pixels = mean(pixel_mean(s.decoded.pixels, c), {0});
  Model model = variational_model(bound, mean_pixels, weights, !is_relaxed(estimator));
  const Value codes = likeliest(q);  // [batch, latents, categories]
  g.name(argmax(codes, -1), "codes");
  if (!g.training()) {
    const auto summed = [&](Value x) {
      const Value total = sum_over_images(x, weights);
      return reshape(total, {total.shape().size()});
    };
    const Value posterior = broadcast_to(softmax(s.drawn.logits), s.drawn.z.shape());
    // The entropy is what the uniform distribution has more.
    const Value uniform = g.constant(Tensor({c.latents, c.categories}));
    const Value entropy = broadcast_to(
        std::log(static_cast<float>(c.categories)) - categorical_kl(s.drawn.logits, uniform),
        s.kl.shape());
    model.statistics = {{"kl_per_latent", summed(mean(s.kl, {0}))},
                        {"posterior", summed(mean(posterior, {0}))},
                        {"posterior_entropy", summed(mean(entropy, {0}))},
                        {"code_counts", summed(codes)}};
  }
  return model;
}

Autoencoder categorical_autoencoder() {
  return {.shape = code_shape,
          .encode = encode,
          .decode = decode,
          .sample = sample_prior,
          .log_weight = log_weight,
          .sample_posterior = sample_posterior};
}

}  // namespace abax
