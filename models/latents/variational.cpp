// Inputs, networks and loss of variational autoencoders.
#include "models/latents/variational.h"

#include <cmath>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers/conditionals.h"
#include "models/layers/image_network.h"
#include "models/layers/layers.h"
#include "models/layers/pixels.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {

ImageInputs image_inputs(Graph& g, const ModelConfig& c, std::int64_t batch) {
  const double above_one = std::nextafter(1.f, 2.f);
  return {g.input("images", {batch, c.image_height, c.image_width, c.image_channels}, f32,
                  range(0, above_one)),
          g.input("weights", {batch})};
}

Loss over_images(Value values, Value weights) { return {sum(values * weights), sum(weights)}; }

Value sum_over_images(Value values, Value weights) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(values.shape().rank()), 1);
  sizes[0] = weights.shape()[0];
  return sum(values * reshape(weights, Shape(sizes)), {0});
}

Value encoded_features(Value images, const ModelConfig& c) {
  const Value features = encode_image(images, c);
  return reshape(features, {features.shape()[0], feature_shape(c).size()});
}

namespace {

/// What the network alone makes of z: the parameters of all pixels.
Value network_pixels(Value z, const ModelConfig& c) {
  const std::int64_t size = z.shape().at(-1), rows = z.shape().size(0, z.shape().rank() - 1);
  Value features = reshape(z, {rows, size});
  if (const Shape shape = feature_shape(c); shape.rank() > 1) {
    const auto scope = z.graph().scope("decoder");
    features = linear(features, shape.size(), "features");
    features = reshape(features, shape.inserted(0, rows));
  }
  const Value pixels = decode_image(features, c, pixel_outputs(c));
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

bool is_autoregressive(const ModelConfig& c) {
  if (c.pixels != "independent" && c.pixels != "autoregressive")
    throw UsageError(text("there are no pixels '", c.pixels,
                          "' of a decoder; known are independent, autoregressive"));
  return c.pixels == "autoregressive" && c.image_height > 1;
}

Conditionals row_conditionals(Value z, const ModelConfig& c) {
  const Value alone = rows_of(network_pixels(z, c));  // [.., height, width * outputs * channels]
  const auto scope = z.graph().scope("decoder");
  return conditional(alone, linear(z, c.width, "conditional/hidden"),
                     c.image_width * c.image_channels);
}

}  // namespace

Value decoded_pixels(Value z, Value images, const ModelConfig& c) {
  if (!is_autoregressive(c)) return network_pixels(z, c);
  return pixels_of(logits_given(row_conditionals(z, c), rows_of(images - 0.5)), c.image_width);
}

Value drawn_pixels(Value z, const ModelConfig& c) {
  if (!is_autoregressive(c)) return pixel_mean(network_pixels(z, c), c);
  const Draw drawn = draw(row_conditionals(z, c), {}, [&](Value parameters, Value) {
    return reshape(pixel_draw(pixels_of(parameters, c.image_width), c) - 0.5,
                   {parameters.shape()[0], -1});
  });
  return pixel_mean(pixels_of(drawn.logits, c.image_width), c);
}

Value kl_weight(Graph& g) { return scheduled(g, "kl_weight", 1); }

Bound bound_of(Value log_likelihood, Value kl, Value weight) {
  return {log_likelihood, kl, log_likelihood - weight * kl};
}

Model variational_model(const Bound& bound, Value mean, Value weights, bool is_bound) {
  Model model{
      .output = mean.graph().name(mean, "reconstruction"),
      .loss = over_images(-bound.objective, weights),
      .metrics = {{"reconstruction", over_images(-bound.log_likelihood, weights)},
                  {"kl", over_images(bound.kl, weights)}},
  };
  if (is_bound) model.metrics["elbo"] = over_images(bound.log_likelihood - bound.kl, weights);
  return model;
}

}  // namespace abax
