// Dense encoders and decoders of images.
#include "models/image_network.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers.h"
#include "ops/elementwise.h"
#include "ops/shape.h"

namespace abax {
namespace {

void check(const ModelConfig& c) {
  if (c.network != "dense")
    throw UsageError(text("there is no network '", c.network, "'; known is dense"));
  if (c.hidden.empty()) throw UsageError("a dense network has at least one hidden layer");
}

}  // namespace

Shape feature_shape(const ModelConfig& c) {
  check(c);
  return {c.hidden.back()};
}

Value encode_image(Operand images, const ModelConfig& c) {
  check(c);
  const Value x = images.value();
  const Shape size{x.shape().rank() > 0 ? x.shape()[0] : 0, c.image_height, c.image_width,
                   c.image_channels};
  if (x.shape() != size)
    throw ShapeError(
        text("images: expected ", size, " [batch, height, width, channels], got ", x.shape()));
  Graph& g = x.graph();
  const auto scope = g.scope("encoder");
  Value h = reshape(x, {size[0], -1});  // [batch, pixels]
  int layer = 0;
  for (const std::int64_t units : c.hidden)
    h = relu(linear(h, units, text("dense", layer++)));  // [batch, units]
  return h;
}

Value decode_image(Operand features, const ModelConfig& c, std::int64_t outputs) {
  check(c);
  Value h = features.value();  // [batch, n]
  const auto scope = h.graph().scope("decoder");
  for (std::size_t layer = 0; layer < c.hidden.size(); ++layer)
    h = relu(
        linear(h, c.hidden[c.hidden.size() - 1 - layer], text("dense", layer)));  // [batch, units]
  const std::int64_t depth = outputs * c.image_channels;
  const Value pixels = linear(h, c.image_height * c.image_width * depth, "output");
  return reshape(pixels, {h.shape()[0], c.image_height, c.image_width, depth});
}

}  // namespace abax
