// What the statistics of an evaluation say of codes and latents; see models/model.h for the names.
#pragma once

#include <map>
#include <string>

#include "models/autoencoder.h"
#include "models/training/learner.h"

namespace abax {

/// By name, as far as the statistics are there; entropies in nats:
/// - code_perplexity, code_usage: exp of the entropy of the codes' frequencies, and the share of
///   the codes that occur at all, over the whole pass; the mean over codebooks (or latents);
/// - aggregate_entropy: of the aggregate posterior, the mean of q(z|x) over the images, summed over
///   latents as if these were independent. Of quantisers the latents are the codes of an image, one
///   a position and codebook (code_perplexity counts those of all positions together); an image has
///   but one there, so that it is the entropy of the codes' frequencies at each;
/// - mutual_information of image and code, summed over categorical latents: the aggregate entropy
///   less the mean entropy of q(z|x). An upper bound on that of all latents together where they are
///   independent given the image. (Of Gaussian ones: models/metrics/mutual_information.h; of
///   quantisers it is the aggregate entropy.)
/// - active_units: Gaussian latents whose posterior mean varies by more than 0.01 over the images
///   (Burda et al. 2016, section 5.2).
std::map<std::string, double> code_metrics(const Evaluation& evaluation, const CodeShape& shape);

}  // namespace abax
