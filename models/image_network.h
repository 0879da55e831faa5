// Encoders and decoders of images: what stands between pixels and a latent, in both directions.
//
//     Value features = encode_image(images, config);          // [batch, 400]
//     Value pixels = decode_image(latent, config, 1);         // [batch, height, width, channels]
//
// Dense ("network" of the configuration): layers of `hidden` units with relu; the decoder has them
// in reverse.
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "models/model_config.h"

namespace abax {

/// What encode_image() gives an image, without the batch: [hidden.back()]. Throws UsageError where
/// the configuration makes no network.
Shape feature_shape(const ModelConfig& config);

/// images is [batch, height, width, channels] -> [batch, features..]. Parameters:
/// encoder/dense<i>/{weight,bias}, i = 0, 1, ... Throws ShapeError on images of another size than
/// the configuration's.
Value encode_image(Operand images, const ModelConfig& config);

/// features is [batch, n] -> `outputs` parameters a pixel: [batch, height, width, outputs *
/// channels], all of the first parameter before those of the second. Parameters:
/// decoder/dense<i>/{weight,bias}, decoder/output/{weight,bias}.
Value decode_image(Operand features, const ModelConfig& config, std::int64_t outputs);

}  // namespace abax
