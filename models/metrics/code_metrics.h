// What the statistics of an evaluation say of codes and latents; see models/model.h for the names.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/tensor.h"
#include "models/autoencoder.h"
#include "models/training/learner.h"

namespace abax {

/// A Gaussian latent whose mean varies by more than this is used.
constexpr double active_variance = 0.01;

/// By name, as far as the statistics are there; entropies in nats:
/// - code_perplexity, code_usage: exp of the entropy of the codes' frequencies, and the share of
///   the codes that occur at all, over the whole pass; the mean over codebooks (or latents);
/// - aggregate_entropy: of the aggregate posterior, the mean of q(z|x) over the items, summed over
///   latents as if these were independent. Of quantisers the latents are the codes of an item, one
///   a position and codebook (code_perplexity counts those of all positions together); an item has
///   but one there, so that it is the entropy of the codes' frequencies at each;
/// - mutual_information_sum: that of the item and each categorical latent, added up: the aggregate
///   entropy less the mean entropy of q(z|x). An upper bound on what all latents tell together
///   where they are independent given the item: several may tell the same, so that it can exceed
///   the log of the number of items. (Of Gaussian ones: models/metrics/mutual_information.h; of
///   quantisers it is the aggregate entropy.)
/// - active_units: Gaussian latents whose posterior mean varies by more than 0.01 over the items
///   (Burda et al. 2016, section 5.2).
std::map<std::string, double> code_metrics(const Evaluation& evaluation, const CodeShape& shape);

/// How many columns of the posteriors' means f32 [items, latents] vary by more than `threshold`
/// over the items (Burda et al. 2016, section 5.2): latents that are used. Throws ShapeError on
/// another shape or type, and without items.
std::int64_t active_units(const Tensor& means, double threshold = active_variance);

}  // namespace abax
