// Dense and convolutional encoders and decoders of images.
#include "models/layers/image_network.h"

#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers/layers.h"
#include "ops/elementwise.h"
#include "ops/shape.h"

namespace abax {
namespace {

bool is_convolutional(const ModelConfig& c) {
  if (c.network != "dense" && c.network != "convolution")
    throw UsageError(text("there is no network '", c.network, "'; known are dense, convolution"));
  const bool convolutional = c.network == "convolution";
  if (!convolutional && c.hidden.empty())
    throw UsageError("a dense network has at least one hidden layer");
  if (convolutional && (c.downsamplings < 1 || c.channels < 2 || c.residual_layers < 0 ||
                        (c.residual_layers > 0 && c.residual_channels < 1)))
    throw UsageError(
        text("a convolutional network has at least 1 downsampling, 2 channels and 1 "
             "residual channel, not ",
             c.downsamplings, ", ", c.channels, " and ", c.residual_channels));
  return convolutional;
}

/// {height, width} of an image and after each downsampling.
std::vector<Shape> sizes(const ModelConfig& c) {
  std::vector<Shape> result{{c.image_height, c.image_width}};
  for (std::int64_t i = 0; i < c.downsamplings; ++i)
    result.push_back({(result.back()[0] + 1) / 2, (result.back()[1] + 1) / 2});
  return result;
}

Value convolutional_features(Value x, const ModelConfig& c) {
  for (std::int64_t i = 0; i < c.downsamplings; ++i) {
    const std::int64_t channels = i + 1 < c.downsamplings ? c.channels / 2 : c.channels;
    x = relu(convolution(x, channels, 4, text("down", i), 2));
  }
  return residual_features(x, c);
}

Value convolutional_pixels(Value x, const ModelConfig& c, std::int64_t depth) {
  x = residual_features(x, c);
  const std::vector<Shape> all = sizes(c);
  for (std::int64_t i = 0; i < c.downsamplings; ++i) {
    const bool last = i + 1 == c.downsamplings;
    const Value up =
        transposed_convolution(x, all[static_cast<std::size_t>(c.downsamplings - 1 - i)],
                               last ? depth : c.channels / 2, 4, text("up", i), 2);
    x = last ? up : relu(up);
  }
  return x;
}

}  // namespace

Value residual_features(Value x, const ModelConfig& c) {
  x = convolution(x, c.channels, 3, "conv");
  // Residual layers (He et al. 2016, section 4), as in van den Oord et al. 2017, section 4.1.
  for (std::int64_t i = 0; i < c.residual_layers; ++i) {
    const auto scope = x.graph().scope("residual", static_cast<int>(i));
    const Value inner = convolution(relu(x), c.residual_channels, 3, "inner");
    x = x + convolution(relu(inner), c.channels, 1, "outer");
  }
  return relu(x);
}

Shape feature_shape(const ModelConfig& c) {
  if (!is_convolutional(c)) return {c.hidden.back()};
  return sizes(c).back().inserted(2, c.channels);
}

Value encode_image(Operand images, const ModelConfig& c) {
  const bool convolutional = is_convolutional(c);
  const Value x = images.value();
  const Shape size{x.shape().rank() > 0 ? x.shape()[0] : 0, c.image_height, c.image_width,
                   c.image_channels};
  if (x.shape() != size)
    throw ShapeError(
        text("images: expected ", size, " [batch, height, width, channels], got ", x.shape()));
  Graph& g = x.graph();
  const auto scope = g.scope("encoder");
  if (convolutional) return convolutional_features(x - 0.5, c);
  Value h = reshape(x, {size[0], -1});  // [batch, pixels]
  int layer = 0;
  for (const std::int64_t units : c.hidden)
    h = relu(linear(h, units, text("dense", layer++)));  // [batch, units]
  return h;
}

Value decode_image(Operand features, const ModelConfig& c, std::int64_t outputs) {
  Value h = features.value();  // [batch, n], or [batch, height, width, n] of the features
  const auto scope = h.graph().scope("decoder");
  const std::int64_t depth = outputs * c.image_channels;
  if (is_convolutional(c)) {
    const Shape expected = feature_shape(c);
    const Shape& came = h.shape();
    if (came.rank() != 4 || came[1] != expected[0] || came[2] != expected[1])
      throw ShapeError(
          text("features: expected [batch, ", expected[0], ", ", expected[1], ", n], got ", came));
    return convolutional_pixels(h, c, depth);
  }
  for (std::size_t layer = 0; layer < c.hidden.size(); ++layer)
    h = relu(
        linear(h, c.hidden[c.hidden.size() - 1 - layer], text("dense", layer)));  // [batch, units]
  const Value pixels = linear(h, c.image_height * c.image_width * depth, "output");
  return reshape(pixels, {h.shape()[0], c.image_height, c.image_width, depth});
}

}  // namespace abax
