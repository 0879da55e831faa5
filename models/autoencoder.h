// What an autoencoder offers to tools beside its loss: functions that build the parts of it alone,
// in evaluation graphs on the store of the trained model.
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "models/latents/gaussian.h"
#include "models/model.h"

namespace abax {

class ModelSettings;

/// What stands for an item (an image, a sentence).
struct CodeShape {
  std::int64_t positions = 0;  // codes an item, or dimensions of a Gaussian latent
  std::int64_t kinds = 0;      // values of a code, each 0 <= code < kinds; 0: real numbers
};

/// Items come by the inputs that the model's training graph has for them ("images"), which each
/// function that needs them makes; codes are [batch, positions], i32 or, of a Gaussian, f32. A
/// member is null where the model has no such thing.
struct Autoencoder {
  CodeShape (*shape)(const ModelSettings& settings) = nullptr;
  /// The likeliest codes of items; of a Gaussian the posterior's means.
  Value (*encode)(Graph& graph, const ModelSettings& settings, const BatchShape& shape) = nullptr;
  /// What codes stand for: of images the mean of the pixels. Null where it is written step by step
  /// instead, as sentences are: by the model's StepDecoder, which begins with the input "codes".
  Value (*decode)(Graph& graph, const ModelSettings& settings, Value codes) = nullptr;
  /// Codes drawn from the model's own prior.
  Value (*sample)(Graph& graph, const ModelSettings& settings, std::int64_t batch) = nullptr;
  /// With one hard sample z of the posterior q(z|x), anew at each run: log p(x|z) + log p(z) - log
  /// q(z|x), [batch]. Its mean is the evidence lower bound; the log of the mean of k exponentials
  /// is that of Burda et al. 2016, eq. 8 (IWAE).
  Value (*log_weight)(Graph& graph, const ModelSettings& settings,
                      const BatchShape& shape) = nullptr;
  /// log p(x|codes) of the items by codes [batch, positions], whosever they are: [batch].
  Value (*log_likelihood)(Graph& graph, const ModelSettings& settings, const BatchShape& shape,
                          Value codes) = nullptr;
  /// Codes drawn from the posterior q(z|x), anew at each run; null where an item has but one code.
  Value (*sample_posterior)(Graph& graph, const ModelSettings& settings,
                            const BatchShape& shape) = nullptr;
  /// Of settings whose latents are Gaussian (of no kinds): q(z|x) itself.
  GaussianPosterior (*posterior)(Graph& graph, const ModelSettings& settings,
                                 const BatchShape& shape) = nullptr;
};

}  // namespace abax
