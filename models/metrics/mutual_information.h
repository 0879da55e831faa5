// How much Gaussian latents tell of which item they stand for.
#pragma once

#include <cstdint>

#include "core/base/parallel.h"
#include "core/base/tensor.h"
#include "core/graph/variables.h"
#include "models/data/batch.h"
#include "models/model_settings.h"

namespace abax {

/// q(z|x) of items, latents independent: f32 [items, latents] both.
struct GaussianPosteriors {
  Tensor mean, log_variance;
};

/// So many items are compared at most: the work grows with their square.
constexpr std::int64_t most_compared_items = 5000;

/// The posteriors of the items of a pass (those whose "weights" are above 0); of more than `most`
/// so many evenly spaced ones. An item of several positions has the latents of all of them. Throws
/// UsageError where the model has no Gaussian latents.
GaussianPosteriors gaussian_posteriors(Variables& store, const ModelSettings& settings,
                                       Workers& workers, const data::BatchSource& source,
                                       std::int64_t most = most_compared_items);

/// In nats.
struct LatentInformation {
  double mutual_information = 0;
  double aggregate_entropy = 0;
};

/// Of an item's number n, uniform among N, and its latents z, with one sample z_n of q(z|x_n) an
/// item (Hoffman and Johnson 2016, "ELBO surgery", section 2):
///
/// - their mutual information, 1/N sum_n [log q(z_n|x_n) - log 1/N sum_j q(z_n|x_j)]: at most log
///   N, which it comes close to where the latents tell all items apart, however much more they say;
///   being an estimate it may be a little below 0;
/// - the differential entropy of the aggregate posterior, -1/N sum_n log 1/N sum_j q(z_n|x_j); that
///   of the prior N(0, 1) is latents / 2 log(2 pi e).
///
/// The samples follow the seed alone. Throws ShapeError unless both tensors are f32 [N, latents]
/// with N > 0.
LatentInformation latent_information(const GaussianPosteriors& posteriors, std::uint64_t seed,
                                     Workers& workers);

}  // namespace abax
