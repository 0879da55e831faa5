// A Gaussian posterior, reparameterised, and its terms.
#include "models/latents/gaussian.h"

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/sum.h"
#include "models/latents/together.h"
#include "models/layers/batch_normalisation.h"
#include "models/layers/layers.h"
#include "models/settings/values.h"
#include "ops/elementwise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// log(sum of w_j q(z_n|x_j) / sum of w_j) - log p(z_n), [batch]; what both have of pi cancels.
Value aggregate_kl(const GaussianPosterior& q, Value z, Value weights) {
  const std::int64_t batch = weights.shape()[0];
  const Value samples = reshape(z, {batch, 1, -1});
  const Value means = reshape(q.mean, {1, batch, -1});
  const Value log_variances = reshape(q.log_variance, {1, batch, -1});
  const Value log_q =
      -0.5 * sum(square(samples - means) * exp(-log_variances) + log_variances, {-1});  // [n, j]
  // Rows that only fill are no part of the mixture.
  const Value share = where(greater(weights, 0), log(maximum(weights, 1e-30f)), -1e30f);
  const Value mixture = logsumexp(log_q + share, {-1}) - log(maximum(sum(weights), 1e-30f));
  return mixture + 0.5 * sum(square(reshape(z, {batch, -1})), {-1});
}

/// What training charges in the place of `kl`; empty where that is the KL itself: in evaluation
/// graphs, and by default.
Value charged_kl(const GaussianPosterior& q, Value z, Value kl, const GaussianLatent& c,
                 Value weights) {
  if (!charges_otherwise(kl.graph(), c.charge)) return {};
  if (c.charge.of == KlCharge::Of::aggregate) return aggregate_kl(q, z, weights);
  return with_free_bits(kl, weights, c.charge);
}

}  // namespace

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
  latents_field(f, l.latents, "dimensions of the Gaussian; 0: none, a model of the items alone")
      .at_least(0)
      .opens(1);
  if (l.latents == 0) return;
  f("posterior-scale", l.posterior_scale,
    "deviation over a batch that the posterior's means are normalised to, each latent's, whose KL "
    "is then at least half its square; 0: as they come")
      .at_least(0);
  f.part(l.kl);
  f.part(l.charge);
}

void needs_latents(Fields& f, const GaussianLatent& l) {
  f.require(l.latents > 0, "the model has one dimension of the latent at least (latents)");
}

GaussianPosterior gaussian_posterior(Operand given, const GaussianLatent& c, Value weights) {
  called_from(given.where(), [&] { check_settings(c, "Gaussian latents"); });
  const Value features = given.value();
  if (c.latents == 0) {
    const Value none = features.graph().constant(Tensor(features.shape().with(-1, 0)));
    return {none, none};
  }
  const auto scope = features.graph().scope("encoder");
  if (c.posterior_scale == 0)
    return {linear(features, c.latents, "mean"), linear(features, c.latents, "log_variance")};
  const Value mean = linear(features, c.latents, "mean", /*with_bias=*/false);
  return {
      normalise_over_batch({mean, given.where()}, c.posterior_scale, weights, "gaussian_posterior"),
      linear(features, c.latents, "log_variance")};
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

Bound gaussian_bound(const GaussianPosterior& q, Value z, Value kl, const GaussianLatent& c,
                     Operand log_likelihood, Value weights) {
  return bound_of(log_likelihood, sum_after(kl, 1), kl_weight(kl.graph()),
                  charged_kl(q, z, kl, c, weights));
}

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
