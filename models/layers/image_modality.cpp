// Inputs, flat features, and pixels whose rows may know each other.
#include "models/layers/image_modality.h"

#include <cmath>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers/conditionals.h"
#include "models/layers/layers.h"
#include "ops/elementwise.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// What the network alone makes of z: the parameters of all pixels.
Value network_pixels(Value z, const ImageModality& m) {
  const std::int64_t size = z.shape().at(-1), rows = z.shape().size(0, z.shape().rank() - 1);
  Value features = reshape(z, {rows, size});
  if (const Shape shape = feature_shape(m.network); shape.rank() > 1) {
    const auto scope = z.graph().scope("decoder");
    features = linear(features, shape.size(), "features");
    features = reshape(features, shape.inserted(0, rows));
  }
  const Value pixels = decode_image(features, m.network, pixel_outputs(m.pixels));
  std::vector<std::int64_t> sizes(z.shape().begin(), z.shape().end() - 1);
  sizes.insert(sizes.end(), pixels.shape().begin() + 1, pixels.shape().end());
  return reshape(pixels, Shape(sizes));
}

/// [.., height, width, n] -> [.., height, width * n], and back.
Value rows_of(Value pixels) {
  const Shape& shape = pixels.shape();
  const Shape flat = shape.without(shape.axis(-1));
  return reshape(pixels, flat.with(flat.axis(-1), shape.at(-2) * shape.at(-1)));
}
Value pixels_of(Value rows, std::int64_t width) {
  const Shape& shape = rows.shape();
  return reshape(rows,
                 shape.with(shape.axis(-1), width).inserted(shape.rank(), shape.at(-1) / width));
}

bool is_autoregressive(const ImageModality& m, const PixelConditioning& c) {
  if (c.pixels != "independent" && c.pixels != "autoregressive")
    throw UsageError(str_cat("there are no pixels '", c.pixels,
                             "' of a decoder; known are independent, autoregressive"));
  return c.pixels == "autoregressive" && m.network.size.height > 1;
}

Conditionals row_conditionals(Value z, const ImageModality& m, const PixelConditioning& c) {
  const Value alone = rows_of(network_pixels(z, m));  // [.., height, width * outputs * channels]
  const auto scope = z.graph().scope("decoder");
  return conditional(alone, linear(z, c.width, "conditional/hidden"),
                     m.network.size.width * m.network.size.channels);
}

}  // namespace

void fields(Fields& f, ImageModality& m) {
  f.part(m.network);
  f.part(m.pixels);
}

Field& pixels_field(Fields& f, std::string& pixels) {
  return f("pixels", pixels, "of the decoder: each alone, or each row given those above it")
      .one_of({"independent", "autoregressive"});
}

ImageInputs image_inputs(Graph& g, const ImageModality& m, std::int64_t batch) {
  const ImageSize& size = m.network.size;
  const double above_one = std::nextafter(1.f, 2.f);
  return {g.input("images", {batch, size.height, size.width, size.channels}, f32,
                  values_in(0, above_one)),
          g.input("weights", {batch})};
}

Value encoded_features(Value images, const ImageModality& m) {
  const Value features = encode_image(images, m.network);
  return reshape(features, {features.shape()[0], feature_shape(m.network).size()});
}

Value decoded_pixels(Value z, Value images, const ImageModality& m, const PixelConditioning& c) {
  if (!is_autoregressive(m, c)) return network_pixels(z, m);
  return pixels_of(logits_given(row_conditionals(z, m, c), rows_of(images - 0.5)),
                   m.network.size.width);
}

Value drawn_pixels(Value z, const ImageModality& m, const PixelConditioning& c) {
  if (!is_autoregressive(m, c)) return pixel_mean(network_pixels(z, m), m.pixels);
  const std::int64_t width = m.network.size.width;
  const Draw drawn = draw(row_conditionals(z, m, c), {}, [&](Value parameters, Value) {
    return reshape(pixel_draw(pixels_of(parameters, width), m.pixels) - 0.5,
                   {parameters.shape()[0], -1});
  });
  return pixel_mean(pixels_of(drawn.logits, width), m.pixels);
}

}  // namespace abax
