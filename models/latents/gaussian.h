// Gaussian latents (Kingma and Welling 2014): from features to a normal distribution, its samples
// and their terms of a bound. What the features are of is all the same.
//
//     const GaussianPosterior q = gaussian_posterior(features, latent);   // [batch, .., latents]
//     const Value z = gaussian_sample(q).z;
//     const Value kl = gaussian_kl(q);                                    // [batch, .., latents]
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/graph/graph.h"
#include "models/latents/variational.h"
#include "models/model.h"
#include "models/settings/fields.h"

namespace abax {

struct GaussianLatent {
  std::int64_t latents = 20;  // dimensions
  KlSchedule kl = {};
};
void fields(Fields& f, GaussianLatent& l);

/// q(z|x) = N(mean, diag(exp(log_variance))): each latent's distribution, independent given an
/// item.
struct GaussianPosterior {
  Value mean, log_variance;  // [.., latents]
};
/// Of features [.., width], by the layers encoder/mean and encoder/log_variance {weight, bias}.
/// Throws UsageError on less than one latent.
GaussianPosterior gaussian_posterior(Value features, const GaussianLatent& latent);

struct GaussianSample {
  Value noise, z;  // [.., latents]
};
/// z = mean + deviation * noise, anew at each run; the noise is named "noise".
GaussianSample gaussian_sample(const GaussianPosterior& q);
/// Of the prior N(0, 1), [rows.., latents].
Value gaussian_prior(Graph& graph, const GaussianLatent& latent, const Shape& rows);

/// KL(q, p) of each latent, [.., latents] (Kingma and Welling 2014, appendix B).
Value gaussian_kl(const GaussianPosterior& q);
/// log p(z) - log q(z|x) of a sample of q, each latent's: [.., latents].
Value gaussian_log_ratio(const GaussianPosterior& q, const GaussianSample& sample);

/// What evaluations add up over items [batch]: "kl_per_latent" and, of the posterior's means,
/// "mean" and "mean_square". Each is [.., latents] without the batch. `kl` is gaussian_kl().
std::map<std::string, Value> gaussian_statistics(const GaussianPosterior& q, Value kl,
                                                 Value weights);

/// The weight of the KL by its schedule: ModelEntry::schedule.
Scalars gaussian_schedule(const GaussianLatent& latent, std::int64_t step);

}  // namespace abax
