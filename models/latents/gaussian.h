// Gaussian latents (Kingma and Welling 2014): from features to a normal distribution, its samples
// and their terms of a bound. What the features are of is all the same.
//
//     const GaussianPosterior q = gaussian_posterior(features, latent);   // [batch, .., latents]
//     const Value z = gaussian_sample(q).z;
//     const Value kl = gaussian_kl(q);                                    // [batch, .., latents]
//
// Of plain values, whatever made them:
//
//     const Value mean = linear(features, 8, "mean"), log_variance = linear(features, 8, "spread");
//     const Value z = reparameterise(mean, log_variance);                 // [batch, 8]
//     const Value kl = sum(gaussian_kl(mean, log_variance), {-1});        // [batch]
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/graph/graph.h"
#include "models/latents/variational.h"
#include "models/model.h"
#include "models/settings/fields.h"

namespace abax {

/// KL(N(mean, exp(log_variance)), N(0, 1)) in nats, elementwise (Kingma and Welling 2014, appendix
/// B): f32 of the shape that both broadcast to. Throws ShapeError where they do not, UsageError on
/// empty values.
Value gaussian_kl(Operand mean, Value log_variance);
/// mean + exp(log_variance / 2) noise, whose gradient goes to mean and log_variance (Kingma and
/// Welling 2014, section 2.4). f32; all broadcast. Throws like gaussian_kl().
Value reparameterise(Operand mean, Value log_variance, Value noise);
/// The same by standard normal noise of the mean's shape, anew at each run, in evaluation graphs
/// too.
Value reparameterise(Operand mean, Value log_variance);

struct GaussianLatent {
  std::int64_t latents = 20;   // dimensions; 0: none, and no layers for them
  double posterior_scale = 0;  // of normalised means, see gaussian_posterior(); 0: as they come
  KlSchedule kl = {};
  KlCharge charge = {};
};
void fields(Fields& f, GaussianLatent& l);
/// Refuses 0 dimensions of a model that makes nothing without.
void needs_latents(Fields& f, const GaussianLatent& l);

/// q(z|x) = N(mean, diag(exp(log_variance))): each latent's distribution, independent given an
/// item.
struct GaussianPosterior {
  Value mean, log_variance;  // [.., latents]
};
/// Of features [batch, .., width], by the layers encoder/mean and encoder/log_variance {weight,
/// bias}. Throws UsageError where the settings do not fit together.
///
/// With a posterior scale s the means of each latent are scaled to the deviation s around a learned
/// value, in the place of the layer's bias (Zhu et al. 2020, "A batch normalized inference network
/// keeps the KL vanishing away"; models/layers/batch_normalisation.h, parameter and state under
/// encoder/normalised): the mean KL of a batch is then at least latents * s^2 / 2 nats. Training
/// graphs want the `weights` [batch] of the items: UsageError without them, ShapeError on others.
GaussianPosterior gaussian_posterior(Operand features, const GaussianLatent& latent,
                                     Value weights = {});

struct GaussianSample {
  Value noise, z;  // [.., latents]
};
/// z = mean + deviation * noise, anew at each run; the noise is named "noise".
GaussianSample gaussian_sample(const GaussianPosterior& q);
/// Of the prior N(0, 1), [rows.., latents].
Value gaussian_prior(Graph& graph, const GaussianLatent& latent, const Shape& rows);

/// KL(q, p) of each latent, [.., latents].
Value gaussian_kl(const GaussianPosterior& q);
/// The bound by a sample z of q: `log_likelihood` is log p(x|z) [batch], `kl` gaussian_kl(q). In
/// training what GaussianLatent::charge asks stands in the place of the KL; that of the aggregate
/// posterior is estimated by z: for each item log(the mean over the batch of q(z|x_j)) - log p(z),
/// its own x among them, by `weights` [batch]. Throws as bound_of() does.
Bound gaussian_bound(const GaussianPosterior& q, Value z, Value kl, const GaussianLatent& latent,
                     Operand log_likelihood, Value weights);
/// log p(z) - log q(z|x) of a sample of q, each latent's: [.., latents].
Value gaussian_log_ratio(const GaussianPosterior& q, const GaussianSample& sample);

/// What evaluations add up over items [batch]: "kl_per_latent" and, of the posterior's means,
/// "mean" and "mean_square". Each is [.., latents] without the batch. `kl` is gaussian_kl().
std::map<std::string, Value> gaussian_statistics(const GaussianPosterior& q, Value kl,
                                                 Value weights);

/// The weight of the KL by its schedule: ModelEntry::schedule.
Scalars gaussian_schedule(const GaussianLatent& latent, std::int64_t step);

}  // namespace abax
