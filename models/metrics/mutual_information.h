// How much Gaussian latents tell of which image they stand for.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/parallel.h"
#include "core/base/tensor.h"
#include "core/graph/variables.h"
#include "models/data/batch.h"
#include "models/model_config.h"

namespace abax {

/// q(z|x) of images, latents independent: f32 [images, latents] both.
struct GaussianPosteriors {
  Tensor mean, log_variance;
};

/// So many images are compared at most: the work grows with their square.
constexpr std::int64_t most_compared_images = 5000;

/// The posteriors of the images of a pass; of more than `most` images so many evenly spaced ones.
/// Throws UsageError where the model has no Gaussian latents.
GaussianPosteriors gaussian_posteriors(Variables& store, const std::string& model,
                                       const ModelConfig& config, Workers& workers,
                                       const data::BatchSource& source,
                                       std::int64_t most = most_compared_images);

/// The mutual information in nats of an image's number n, uniform among N, and its latents z
/// (Hoffman and Johnson 2016, "ELBO surgery", section 2), with one sample z_n of q(z|x_n) an image:
///
///     1/N sum_n [log q(z_n|x_n) - log 1/N sum_j q(z_n|x_j)]
///
/// It is at most log N, which it comes close to where the latents tell all images apart, however
/// much more they say; being an estimate it may be a little below 0. The samples follow the seed
/// alone. Throws ShapeError unless both tensors are f32 [N, latents] with N > 0.
double mutual_information(const GaussianPosteriors& posteriors, std::uint64_t seed,
                          Workers& workers);

}  // namespace abax
