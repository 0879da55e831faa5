// Likelihoods of pixels: what a decoder's last layer says of an image.
#pragma once

#include <string>

#include "core/graph/graph.h"
#include "models/settings/fields.h"

namespace abax {

struct Pixels {
  std::string likelihood = "bernoulli";
  float variance = 1;  // of the training images, over all pixels
};
void fields(Fields& f, Pixels& p);

// `parameters` are [.., height, width, outputs * channels] f32, where outputs = pixel_outputs(): of
// several, those of one kind stand together (all means, then all log scales). By
// Pixels::likelihood:
//
//  bernoulli  logits l of a pixel's being 1. A grey pixel x counts as the mean of draws with this
//             probability: x l - log(1 + exp(l)) (the negative cross-entropy, as usual for MNIST).
//  gaussian   means less 0.5; log N(x; mean, Pixels::variance).
//  logistic   means m and log scales s in units of 2x - 1. The probability of one of 256 levels,
//             sigmoid((x + 1/255 - m) / e^s) - sigmoid((x - 1/255 - m) / e^s), where the first and
//             the last level have the tails (Salimans et al. 2017, eq. 2 with one component). As
//             there, s is at least -7.
//
// All throw UsageError on another likelihood.

/// Parameters a pixel and channel: 1 or 2.
int pixel_outputs(const Pixels& pixels, SourceLocation where = SourceLocation::current());

/// log p(images | parameters) summed over pixels and channels, in nats: [..]. `images` are [..,
/// height, width, channels] in [0, 1]; their leading axes broadcast with those of the parameters.
/// Throws ShapeError where these do not fit.
Value pixel_log_likelihood(Value parameters, Value images, const Pixels& pixels,
                           SourceLocation where = SourceLocation::current());

/// A draw of each pixel, anew in each run, [.., height, width, channels]: 0 or 1 for bernoulli, any
/// number for gaussian, one of the 256 levels for logistic.
Value pixel_draw(Value parameters, const Pixels& pixels,
                 SourceLocation where = SourceLocation::current());

/// The mean of each pixel, [.., height, width, channels]: in (0, 1) for bernoulli, any number for
/// gaussian; for logistic that of the continuous distribution, cut to [0, 1].
Value pixel_mean(Value parameters, const Pixels& pixels,
                 SourceLocation where = SourceLocation::current());

/// What a decoder without a likelihood of its own loses, whose mean over an image counts: for
/// gaussian (x - mean)^2 / variance of each pixel and channel, [batch, height, width, channels]
/// (which is no likelihood in nats), else -log p(images | parameters) a pixel and channel, [batch].
/// `mean` is pixel_mean() of the parameters.
Value pixel_distortion(Value parameters, Value mean, Value images, const Pixels& pixels,
                       SourceLocation where = SourceLocation::current());

}  // namespace abax
