// Encoders and decoders of images: what stands between pixels and a latent, in both directions.
//
//     Value features = encode_image(images, network);          // [batch, 400]
//     Value pixels = decode_image(latent, network, 1);         // [batch, height, width, channels]
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "core/graph/graph.h"
#include "models/settings/fields.h"

namespace abax {

struct ImageSize {
  std::int64_t height = 0, width = 0, channels = 0;
};
void fields(Fields& f, ImageSize& s);

/// Layers of `hidden` units with relu; the decoder has them in reverse.
struct DenseNetwork {
  std::vector<std::int64_t> hidden = {400};
};
void fields(Fields& f, DenseNetwork& n);

/// van den Oord et al. 2017, section 4.1, as Sonnet's example has it: `downsamplings` convolutions
/// of stride 2 with relu (the last has `channels` channels, the others half as many), one of 3 x 3,
/// `residual_layers`; the decoder has one of 3 x 3, residual layers, transposed convolutions of
/// stride 2. Pixels go in less 0.5.
struct ConvolutionNetwork {
  std::int64_t channels = 128;
  std::int64_t downsamplings = 2;
  std::int64_t residual_layers = 2;
  std::int64_t residual_channels = 32;
};
void fields(Fields& f, ConvolutionNetwork& n);

/// Of images of one size.
struct ImageNetwork {
  ImageSize size = {};
  std::variant<DenseNetwork, ConvolutionNetwork> kind = {};
};
void fields(Fields& f, ImageNetwork& n);

/// What encode_image() gives an image, without the batch: [hidden.back()], or [height, width,
/// channels] of the smallest images, each size halved and rounded up. Throws UsageError where the
/// settings make no network.
Shape feature_shape(const ImageNetwork& network, SourceLocation where = SourceLocation::current());

/// images is [batch, height, width, channels] -> [batch, features..]. Parameters:
/// encoder/dense<i>/{weight,bias}, i = 0, 1, ...; or encoder/down<i>, encoder/conv,
/// encoder/residual<i>/{inner,outer}, each with weight and bias. Throws ShapeError on images of
/// another size than the network's.
Value encode_image(Operand images, const ImageNetwork& network);

/// features is [batch, n], or [batch, height, width, n] of the smallest images -> `outputs`
/// parameters a pixel: [batch, height, width, outputs * channels], all of the first parameter
/// before those of the second. Parameters: decoder/dense<i>/{weight,bias},
/// decoder/output/{weight,bias}; or decoder/conv, decoder/residual<i>/{inner,outer}, decoder/up<i>.
/// Throws ShapeError on features of another size.
Value decode_image(Operand features, const ImageNetwork& network, std::int64_t outputs);

/// The middle of a convolutional network, in the current scope: of x [batch, height, width, n]
/// conv, 3 x 3, and residual<i>/{inner,outer}, with a relu at the end: [batch, height, width,
/// channels].
Value residual_features(Value x, const ConvolutionNetwork& network);

}  // namespace abax
