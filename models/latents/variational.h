// What variational autoencoders of images share: inputs, networks around the latents, the loss.
//
// With the evidence lower bound of an image x, E_q(z|x)[log p(x|z)] - KL(q(z|x), p(z)) (Kingma and
// Welling 2014, eq. 3), the loss is -(log p(x|z) - kl_weight KL) in nats an image; in an evaluation
// graph kl_weight is 1.
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "models/model.h"
#include "models/model_config.h"

namespace abax {

struct ImageInputs {
  Value images;   // [batch, height, width, channels] f32 in [0, 1]
  Value weights;  // [batch] f32, 0 for rows that only fill the batch
};
/// The graph's inputs "images" and "weights".
ImageInputs image_inputs(Graph& graph, const ModelConfig& config, std::int64_t batch);

/// {the sum of values * weights, the sum of the weights} of `values` [batch].
Loss over_images(Value values, Value weights);
/// The sum over the batch of values * weights, [rest..], of `values` [batch, rest..].
Value sum_over_images(Value values, Value weights);

/// What the network of the encoder makes of images, flat: [batch, units].
Value encoded_features(Value images, const ModelConfig& config);
/// The parameters of the pixels (see models/layers/pixels.h) by the network of the decoder: from z
/// [.., size] to [.., height, width, outputs * channels]. Before convolutions stands a linear
/// layer, decoder/features/{weight,bias}. With ModelConfig::pixels "autoregressive" a row of pixels
/// is conditional on those above it in `images` [.., height, width, channels] too
/// (models/layers/conditionals.h with ModelConfig::width units, decoder/conditional/{hidden/weight,
/// hidden/bias, embedding, output}); the leading axes broadcast. Throws UsageError on another word
/// for the pixels.
Value decoded_pixels(Value z, Value images, const ModelConfig& config);
/// The means of the pixels that z [batch, size] stands for, [batch, height, width, channels]. Of
/// autoregressive ones each row is drawn, and the means are those given the rows drawn above.
Value drawn_pixels(Value z, const ModelConfig& config);

/// The evidence lower bound of each image, taken apart. All are [batch] in nats.
struct Bound {
  Value log_likelihood;  // log p(x|z), or its mean over several z
  Value kl;
  Value objective;  // whose sum training makes as large as it can: its value and its gradient
};
/// The weight of the KL: what a schedule says ("kl_weight"), 1 in an evaluation graph. Once a
/// graph.
Value kl_weight(Graph& graph);
/// With log_likelihood - weight kl for the objective. All but the weight are of one shape.
Bound bound_of(Value log_likelihood, Value kl, Value weight);

/// The model of a bound with metrics "reconstruction", "kl" and, where `is_bound` says that it is
/// one (relaxed samples make none), "elbo". `mean` are the reconstructed images.
Model variational_model(const Bound& bound, Value mean, Value weights, bool is_bound = true);

}  // namespace abax
