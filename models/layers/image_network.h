// Encoders and decoders of images: what stands between pixels and a latent, in both directions.
//
//     Value features = encode_image(images, config);          // [batch, 400]
//     Value pixels = decode_image(latent, config, 1);         // [batch, height, width, channels]
//
// "network" of the configuration is one of
//   dense        layers of `hidden` units with relu; the decoder has them in reverse
//   convolution  van den Oord et al. 2017, section 4.1, as Sonnet's example has it: `downsamplings`
//                convolutions of stride 2 with relu (the last has `channels` channels, the others
//                half as many), one of 3 x 3, `residual_layers`; the decoder has one of 3 x 3,
//                residual layers, transposed convolutions of stride 2. Pixels go in less 0.5.
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "models/model_config.h"

namespace abax {

/// What encode_image() gives an image, without the batch: [hidden.back()], or [height, width,
/// channels] of the smallest images, each size halved and rounded up. Throws UsageError where the
/// configuration makes no network.
Shape feature_shape(const ModelConfig& config);

/// images is [batch, height, width, channels] -> [batch, features..]. Parameters:
/// encoder/dense<i>/{weight,bias}, i = 0, 1, ...; or encoder/down<i>, encoder/conv,
/// encoder/residual<i>/{inner,outer}, each with weight and bias. Throws ShapeError on images of
/// another size than the configuration's.
Value encode_image(Operand images, const ModelConfig& config);

/// features is [batch, n], or [batch, height, width, n] of the smallest images -> `outputs`
/// parameters a pixel: [batch, height, width, outputs * channels], all of the first parameter
/// before those of the second. Parameters: decoder/dense<i>/{weight,bias},
/// decoder/output/{weight,bias}; or decoder/conv, decoder/residual<i>/{inner,outer}, decoder/up<i>.
/// Throws ShapeError on features of another size.
Value decode_image(Operand features, const ModelConfig& config, std::int64_t outputs);

/// The middle of a convolutional network, in the current scope: of x [batch, height, width, n]
/// conv, 3 x 3, and residual<i>/{inner,outer}, with a relu at the end: [batch, height, width,
/// channels].
Value residual_features(Value x, const ModelConfig& config);

}  // namespace abax
