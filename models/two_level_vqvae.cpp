// The two levels of codes, and the network between them.
#include "models/two_level_vqvae.h"

#include <algorithm>
#include <array>

#include "models/latents/variational.h"
#include "models/layers/image_network.h"
#include "models/layers/layers.h"
#include "models/layers/pixels.h"
#include "models/vqvae.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

Shape bottom_positions(const ModelConfig& c) {
  const Shape features = feature_shape(c);
  return features.rank() == 1 ? Shape{dense_positions(features[0], c)} : features.without(-1);
}
Shape top_positions(const ModelConfig& c) {
  const Shape bottom = bottom_positions(c);
  if (bottom.rank() == 1) return {std::max<std::int64_t>(1, bottom[0] / 2)};
  return {(bottom[0] + 1) / 2, (bottom[1] + 1) / 2};
}

/// x [batch, ..] as [batch, all].
Value flat(Value x) { return reshape(x, {x.shape()[0], -1}); }

/// What the top quantises of the encoder's features: [batch, positions.., width].
Value top_vectors(Value features, const ModelConfig& c) {
  const auto encoder = features.graph().scope("encoder");
  const auto scope = features.graph().scope("top");
  const std::int64_t positions = top_positions(c).size();
  const bool dense = features.shape().rank() == 2;
  const Value h = dense
                      ? relu(linear(features, positions * c.code_width, "dense"))
                      : residual_features(relu(convolution(features, c.channels, 4, "down", 2)), c);
  return code_vectors(h, positions, c);
}

/// The top's values as large as the encoder's features.
Value grown(Value top, const ModelConfig& c) {
  const auto decoder = top.graph().scope("decoder");
  const auto scope = top.graph().scope("top");
  if (top.shape().rank() == 3) return relu(linear(flat(top), c.hidden.back(), "dense"));
  const Value h = residual_features(top, c);
  return relu(transposed_convolution(h, bottom_positions(c), c.channels, 4, "up", 2));
}

/// What the bottom quantises of the features, knowing the top's values.
Value bottom_vectors(Value features, Value top, const ModelConfig& c) {
  const Value both = concat({features, grown(top, c)}, -1);
  const auto scope = features.graph().scope("encoder");
  return code_vectors(both, bottom_positions(c).size(), c);
}

/// Pixels of the values of both levels.
Value pixels_of(Value top, Value bottom, const ModelConfig& c) {
  if (top.shape().rank() == 3)
    return decode_image(concat({flat(top), flat(bottom)}, 1), c, pixel_outputs(c));
  Value large;  // the top's values, as many as the bottom's
  {
    const auto decoder = top.graph().scope("decoder");
    const auto scope = top.graph().scope("top");
    large = transposed_convolution(top, bottom_positions(c), quantised_width(c), 4, "upsample", 2);
  }
  return decode_image(concat({large, bottom}, -1), c, pixel_outputs(c));
}

Quantised quantise_level(Value z, Value weights, const ModelConfig& c, const char* level) {
  const auto scope = z.graph().scope(level);
  return quantise(z, position_weights(weights, z), c);
}

struct Levels {
  Quantised top, bottom;
};
Levels levels_of(Value images, Value weights, const ModelConfig& c) {
  const Value features = encode_image(images, c);
  Levels levels;
  levels.top = quantise_level(top_vectors(features, c), weights, c, "top");
  levels.bottom =
      quantise_level(bottom_vectors(features, levels.top.values, c), weights, c, "bottom");
  return levels;
}

std::array<std::int64_t, 2> codes_of_levels(const ModelConfig& c) {
  const std::int64_t books = codebooks(c);
  return {top_positions(c).size() * books, bottom_positions(c).size() * books};
}

CodeShape code_shape(const ModelConfig& c) {
  const auto [top, bottom] = codes_of_levels(c);
  return {top + bottom, code_kinds(c)};
}

Value encode(Graph& g, const ModelConfig& c, Value images) {
  const Value none = g.constant(Tensor(Shape{images.shape()[0]}));  // no image is counted
  const Levels levels = levels_of(images, none, c);
  return concat({flat(levels.top.codes), flat(levels.bottom.codes)}, 1);
}

Value decode(Graph& g, const ModelConfig& c, Value codes) {
  const std::vector<Value> parts = split(codes, 1, codes_of_levels(c));
  const auto values = [&](Value part, const Shape& positions, const char* level) {
    const auto scope = g.scope(level);
    const Shape shape = positions.inserted(0, codes.shape()[0]);
    return lookup(reshape(part, shape.inserted(shape.rank(), codebooks(c))), c);
  };
  const Value top = values(parts[0], top_positions(c), "top");
  const Value bottom = values(parts[1], bottom_positions(c), "bottom");
  return pixel_mean(pixels_of(top, bottom, c), c);
}

Value sample(Graph& g, const ModelConfig& c, std::int64_t batch) {
  return uniform_codes(g, batch, code_shape(c));
}

}  // namespace

Model two_level_vqvae(Graph& g, const ModelConfig& c, const BatchShape& shape) {
  const auto [images, weights] = image_inputs(g, c, shape.batch);
  const Levels levels = levels_of(images, weights, c);
  const Value pixels = pixels_of(levels.top.values, levels.bottom.values, c);
  return quantised_model(pixels, images, weights, std::array{levels.top, levels.bottom}, c);
}

void prepare_two_level_vqvae(Variables& store, const ModelConfig& config,
                             std::span<const BatchInputs> batches, Workers& workers) {
  start_codebooks(store, config, two_level_vqvae, batches, workers);
}

Autoencoder two_level_vqvae_autoencoder() {
  return {.shape = code_shape, .encode = encode, .decode = decode, .sample = sample};
}

}  // namespace abax
