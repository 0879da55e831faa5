// Dense and convolutional encoders and decoders of images.
#include "models/layers/image_network.h"

#include <vector>

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers/layers.h"
#include "ops/elementwise.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// Throws UsageError where they make no network.
const DenseNetwork* dense(const ImageNetwork& n) {
  const auto* network = std::get_if<DenseNetwork>(&n.kind);
  if (network && network->hidden.empty())
    throw UsageError("a dense network has at least one hidden layer");
  return network;
}

const ConvolutionNetwork& convolutional(const ImageNetwork& n) {
  const auto& c = std::get<ConvolutionNetwork>(n.kind);
  if (c.downsamplings < 1 || c.channels < 2 || c.residual_layers < 0 ||
      (c.residual_layers > 0 && c.residual_channels < 1))
    throw UsageError(
        str_cat("a convolutional network has at least 1 downsampling, 2 channels and 1 "
                "residual channel, not ",
                c.downsamplings, ", ", c.channels, " and ", c.residual_channels));
  return c;
}

/// {height, width} of an image and after each downsampling.
std::vector<Shape> sizes(const ImageSize& size, const ConvolutionNetwork& c) {
  std::vector<Shape> result{{size.height, size.width}};
  for (std::int64_t i = 0; i < c.downsamplings; ++i)
    result.push_back({(result.back()[0] + 1) / 2, (result.back()[1] + 1) / 2});
  return result;
}

Value convolutional_features(Value x, const ConvolutionNetwork& c) {
  for (std::int64_t i = 0; i < c.downsamplings; ++i) {
    const std::int64_t channels = i + 1 < c.downsamplings ? c.channels / 2 : c.channels;
    x = relu(convolution(x, channels, 4, str_cat("down", i), 2));
  }
  return residual_features(x, c);
}

Value convolutional_pixels(Value x, const ImageSize& size, const ConvolutionNetwork& c,
                           std::int64_t depth) {
  x = residual_features(x, c);
  const std::vector<Shape> all = sizes(size, c);
  for (std::int64_t i = 0; i < c.downsamplings; ++i) {
    const bool last = i + 1 == c.downsamplings;
    const Value up =
        transposed_convolution(x, all[static_cast<std::size_t>(c.downsamplings - 1 - i)],
                               last ? depth : c.channels / 2, 4, str_cat("up", i), 2);
    x = last ? up : relu(up);
  }
  return x;
}

}  // namespace

void fields(Fields& f, ImageSize& s) {
  f.derived("image-height", s.height).at_least(1).at_most(1 << 16);
  f.derived("image-width", s.width).at_least(1).at_most(1 << 16);
  f.derived("image-channels", s.channels).at_least(1).at_most(1 << 10);
}

void fields(Fields& f, DenseNetwork& n) {
  f("hidden", n.hidden, "units of the encoder's layers; the decoder's in reverse")
      .at_least(1)
      .at_most(1 << 20);
}

void fields(Fields& f, ConvolutionNetwork& n) {
  f("channels", n.channels, "channels of convolutions").at_least(2).at_most(1 << 16);
  f("downsamplings", n.downsamplings, "convolutions that halve height and width")
      .at_least(1)
      .at_most(16);
  f("residual-layers", n.residual_layers, "residual layers").at_least(0).at_most(1000);
  f("residual-channels", n.residual_channels, "channels inside them").at_least(1).at_most(1 << 16);
}

void fields(Fields& f, ImageNetwork& n) {
  f.part(n.size);
  f.choice("network", n.kind, {"dense", "convolution"}, "what encoder and decoder are made of");
}

Value residual_features(Value x, const ConvolutionNetwork& c) {
  x = convolution(x, c.channels, 3, "conv");
  // Residual layers (He et al. 2016, section 4), as in van den Oord et al. 2017, section 4.1.
  for (std::int64_t i = 0; i < c.residual_layers; ++i) {
    const auto scope = x.graph().scope("residual", static_cast<int>(i));
    const Value inner = convolution(relu(x), c.residual_channels, 3, "inner");
    x = x + convolution(relu(inner), c.channels, 1, "outer");
  }
  return relu(x);
}

Shape feature_shape(const ImageNetwork& n, SourceLocation where) {
  return called_from(where, [&]() -> Shape {
    if (const DenseNetwork* network = dense(n)) return {network->hidden.back()};
    const ConvolutionNetwork& c = convolutional(n);
    return sizes(n.size, c).back().inserted(2, c.channels);
  });
}

namespace {

Value encoded(Value x, const ImageNetwork& n) {
  const Shape size{x.shape().rank() > 0 ? x.shape()[0] : 0, n.size.height, n.size.width,
                   n.size.channels};
  if (x.shape() != size)
    throw ShapeError(
        str_cat("images: expected ", size, " [batch, height, width, channels], got ", x.shape()));
  Graph& g = x.graph();
  const auto scope = g.scope("encoder");
  const DenseNetwork* network = dense(n);
  if (!network) return convolutional_features(x - 0.5, convolutional(n));
  Value h = reshape(x, {size[0], -1});  // [batch, pixels]
  int layer = 0;
  for (const std::int64_t units : network->hidden)
    h = relu(linear(h, units, str_cat("dense", layer++)));  // [batch, units]
  return h;
}

/// h is [batch, n], or [batch, height, width, n] of the features.
Value decoded(Value h, const ImageNetwork& n, std::int64_t outputs) {
  const auto scope = h.graph().scope("decoder");
  const std::int64_t depth = outputs * n.size.channels;
  const DenseNetwork* network = dense(n);
  if (!network) {
    const Shape expected = feature_shape(n);
    const Shape& came = h.shape();
    if (came.rank() != 4 || came[1] != expected[0] || came[2] != expected[1])
      throw ShapeError(str_cat("features: expected [batch, ", expected[0], ", ", expected[1],
                               ", n], got ", came));
    return convolutional_pixels(h, n.size, convolutional(n), depth);
  }
  const std::vector<std::int64_t>& hidden = network->hidden;
  for (std::size_t layer = 0; layer < hidden.size(); ++layer)
    h = relu(
        linear(h, hidden[hidden.size() - 1 - layer], str_cat("dense", layer)));  // [batch, units]
  const Value pixels = linear(h, n.size.height * n.size.width * depth, "output");
  return reshape(pixels, {h.shape()[0], n.size.height, n.size.width, depth});
}

}  // namespace

Value encode_image(Operand images, const ImageNetwork& n) {
  return called_from(images.where(), [&] { return encoded(images.value(), n); });
}

Value decode_image(Operand features, const ImageNetwork& n, std::int64_t outputs) {
  return called_from(features.where(), [&] { return decoded(features.value(), n, outputs); });
}

}  // namespace abax
