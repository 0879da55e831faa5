// What an autoencoder of images offers to tools beside its loss: functions that build the parts of
// it alone, in evaluation graphs on the store of the trained model.
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "models/model_config.h"

namespace abax {

/// What stands for an image.
struct CodeShape {
  std::int64_t positions = 0;  // codes an image, or dimensions of a Gaussian latent
  std::int64_t kinds = 0;      // values of a code, each 0 <= code < kinds; 0: real numbers
};

/// Each latent's normal distribution, independent given an image.
struct GaussianPosterior {
  Value mean, log_variance;  // [batch, latents]
};

/// images are [batch, height, width, channels] f32 in [0, 1]; codes are [batch, positions], i32 or,
/// of a Gaussian, f32. A member is null where the model has no such thing.
struct Autoencoder {
  CodeShape (*shape)(const ModelConfig& config) = nullptr;
  /// The likeliest codes of images; of a Gaussian the posterior's means.
  Value (*encode)(Graph& graph, const ModelConfig& config, Value images) = nullptr;
  /// The mean of the pixels that codes stand for.
  Value (*decode)(Graph& graph, const ModelConfig& config, Value codes) = nullptr;
  /// Codes drawn from the model's own prior.
  Value (*sample)(Graph& graph, const ModelConfig& config, std::int64_t batch) = nullptr;
  /// With one hard sample z of the posterior q(z|x), anew at each run: log p(x|z) + log p(z) - log
  /// q(z|x), [batch]. Its mean is the evidence lower bound; the log of the mean of k exponentials
  /// is that of Burda et al. 2016, eq. 8 (IWAE).
  Value (*log_weight)(Graph& graph, const ModelConfig& config, Value images) = nullptr;
  /// Codes drawn from the posterior q(z|x), anew at each run; null where an image has but one code.
  Value (*sample_posterior)(Graph& graph, const ModelConfig& config, Value images) = nullptr;
  /// Of Gaussian latents: q(z|x) itself.
  GaussianPosterior (*posterior)(Graph& graph, const ModelConfig& config, Value images) = nullptr;
};

}  // namespace abax
