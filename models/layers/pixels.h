// Likelihoods of pixels: what a decoder's last layer says of an image.
#pragma once

#include "core/graph/graph.h"
#include "models/model_config.h"

namespace abax {

// `parameters` are [.., height, width, outputs * channels] f32, where outputs = pixel_outputs(): of
// several, those of one kind stand together (all means, then all log scales). By
// ModelConfig::likelihood:
//
//  bernoulli  logits l of a pixel's being 1. A grey pixel x counts as the mean of draws with this
//             probability: x l - log(1 + exp(l)) (the negative cross-entropy, as usual for MNIST).
//  gaussian   means less 0.5; log N(x; mean, variance), the variance being
//             ModelConfig::pixel_variance.
//  logistic   means m and log scales s in units of 2x - 1. The probability of one of 256 levels,
//             sigmoid((x + 1/255 - m) / e^s) - sigmoid((x - 1/255 - m) / e^s), where the first and
//             the last level have the tails (Salimans et al. 2017, eq. 2 with one component). As
//             there, s is at least -7.
//
// All throw UsageError on another likelihood.

/// Parameters a pixel and channel: 1 or 2.
int pixel_outputs(const ModelConfig& config);

/// log p(images | parameters) summed over pixels and channels, in nats: [..]. `images` are [..,
/// height, width, channels] in [0, 1]; their leading axes broadcast with those of the parameters.
/// Throws ShapeError where these do not fit.
Value pixel_log_likelihood(Value parameters, Value images, const ModelConfig& config);

/// A draw of each pixel, anew in each run, [.., height, width, channels]: 0 or 1 for bernoulli, any
/// number for gaussian, one of the 256 levels for logistic.
Value pixel_draw(Value parameters, const ModelConfig& config);

/// The mean of each pixel, [.., height, width, channels]: in (0, 1) for bernoulli, any number for
/// gaussian; for logistic that of the continuous distribution, cut to [0, 1].
Value pixel_mean(Value parameters, const ModelConfig& config);

}  // namespace abax
