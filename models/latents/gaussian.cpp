// A Gaussian posterior, reparameterised, and its terms.
#include "models/latents/gaussian.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/latents/together.h"
#include "models/layers/layers.h"
#include "models/settings/values.h"
#include "ops/elementwise.h"
#include "ops/random.h"

namespace abax {

Value gaussian_kl(Operand mean, Value log_variance) {
  check_together("gaussian_kl", mean, {{"log_variance", log_variance}});
  return 0.5 * (square(mean) + exp(log_variance) - log_variance - 1);
}

Value reparameterise(Operand mean, Value log_variance, Value noise) {
  check_together("reparameterise", mean, {{"log_variance", log_variance}, {"noise", noise}});
  return mean + exp(0.5 * log_variance) * noise;
}

Value reparameterise(Operand mean, Value log_variance) {
  Graph& g = mean.value().graph();
  return reparameterise(mean, log_variance, random_normal(g, mean.value().shape(), mean.where()));
}

void fields(Fields& f, GaussianLatent& l) {
  latents_field(f, l.latents, "dimensions of the Gaussian");
  f.part(l.kl);
}

GaussianPosterior gaussian_posterior(Value features, const GaussianLatent& c) {
  check_settings(c, "Gaussian latents");
  const auto scope = features.graph().scope("encoder");
  return {linear(features, c.latents, "mean"), linear(features, c.latents, "log_variance")};
}

GaussianSample gaussian_sample(const GaussianPosterior& q) {
  Graph& g = q.mean.graph();
  const Value noise = g.name(random_normal(g, q.mean.shape()), "noise");
  return {noise, reparameterise(q.mean, q.log_variance, noise)};
}

Value gaussian_prior(Graph& g, const GaussianLatent& c, const Shape& rows) {
  return random_normal(g, rows.inserted(rows.rank(), c.latents));
}

Value gaussian_kl(const GaussianPosterior& q) { return gaussian_kl(q.mean, q.log_variance); }

Value gaussian_log_ratio(const GaussianPosterior& q, const GaussianSample& sample) {
  // log N(z; 0, 1) - log N(z; mean, variance): what both have of pi cancels.
  return 0.5 * (square(sample.noise) + q.log_variance - square(sample.z));
}

std::map<std::string, Value> gaussian_statistics(const GaussianPosterior& q, Value kl,
                                                 Value weights) {
  return {{"kl_per_latent", sum_over_items(kl, weights)},
          {"mean", sum_over_items(q.mean, weights)},
          {"mean_square", sum_over_items(square(q.mean), weights)}};
}

Scalars gaussian_schedule(const GaussianLatent& c, std::int64_t step) {
  return {{"kl_weight", c.kl.weight(step)}};
}

}  // namespace abax
