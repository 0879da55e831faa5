// The two levels of codes, and the network between them.
#include "models/two_level_vqvae.h"

#include <algorithm>
#include <array>

#include "models/latents/k_means.h"
#include "models/layers/layers.h"
#include "models/model_settings.h"
#include "ops/elementwise.h"
#include "ops/shape.h"

namespace abax {
namespace {

Shape top_positions(const Vqvae& c) {
  const Shape bottom = code_positions(c);
  if (bottom.rank() == 1) return {std::max<std::int64_t>(1, bottom[0] / 2)};
  return {(bottom[0] + 1) / 2, (bottom[1] + 1) / 2};
}

const ConvolutionNetwork& convolution_of(const Vqvae& c) {
  return std::get<ConvolutionNetwork>(c.image.network.kind);
}

/// x [batch, ..] as [batch, all].
Value flat(Value x) { return reshape(x, {x.shape()[0], -1}); }

/// What the top quantises of the encoder's features: [batch, positions.., width].
Value top_vectors(Value features, const Vqvae& c) {
  const auto encoder = features.graph().scope("encoder");
  const auto scope = features.graph().scope("top");
  const std::int64_t positions = top_positions(c).size();
  Value h;
  if (features.shape().rank() == 2)
    h = relu(linear(features, positions * c.quantiser.code_width, "dense"));
  else
    h = residual_features(relu(convolution(features, convolution_of(c).channels, 4, "down", 2)),
                          convolution_of(c));
  return vectors_to_quantise(h, positions, c.quantiser);
}

/// The top's values as large as the encoder's features.
Value grown(Value top, const Vqvae& c) {
  const auto decoder = top.graph().scope("decoder");
  const auto scope = top.graph().scope("top");
  if (top.shape().rank() == 3)
    return relu(linear(flat(top), feature_shape(c.image.network)[0], "dense"));
  const ConvolutionNetwork& network = convolution_of(c);
  const Value h = residual_features(top, network);
  return relu(transposed_convolution(h, code_positions(c), network.channels, 4, "up", 2));
}

/// What the bottom quantises of the features, knowing the top's values.
Value bottom_vectors(Value features, Value top, const Vqvae& c) {
  const Value both = concat({features, grown(top, c)}, -1);
  const auto scope = features.graph().scope("encoder");
  return vectors_to_quantise(both, code_positions(c).size(), c.quantiser);
}

/// Pixels of the values of both levels.
Value decoded(Value top, Value bottom, const Vqvae& c) {
  const int outputs = pixel_outputs(c.image.pixels);
  if (top.shape().rank() == 3)
    return decode_image(concat({flat(top), flat(bottom)}, 1), c.image.network, outputs);
  Value large;  // the top's values, as many as the bottom's
  {
    const auto decoder = top.graph().scope("decoder");
    const auto scope = top.graph().scope("top");
    large = transposed_convolution(top, code_positions(c), quantised_width(c.quantiser), 4,
                                   "upsample", 2);
  }
  return decode_image(concat({large, bottom}, -1), c.image.network, outputs);
}

Quantised quantise_level(Value z, Value weights, const Vqvae& c, const char* level) {
  const auto scope = z.graph().scope(level);
  return quantise(z, position_weights(weights, z), c.quantiser);
}

struct Levels {
  Quantised top, bottom;
};
Levels levels_of(Value features, Value weights, const Vqvae& c) {
  Levels levels;
  levels.top = quantise_level(top_vectors(features, c), weights, c, "top");
  levels.bottom =
      quantise_level(bottom_vectors(features, levels.top.values, c), weights, c, "bottom");
  return levels;
}

std::array<std::int64_t, 2> codes_of_levels(const Vqvae& c) {
  const std::int64_t books = codebooks(c.quantiser);
  return {top_positions(c).size() * books, code_positions(c).size() * books};
}

CodeShape code_shape(const Vqvae& c) {
  const auto [top, bottom] = codes_of_levels(c);
  return {top + bottom, code_kinds(c.quantiser)};
}

Value encode(Graph& g, const Vqvae& c, const BatchShape& shape) {
  const Value images = image_inputs(g, c.image, shape.batch).images;
  const Value none = g.constant(Tensor(Shape{shape.batch}));  // no image is counted
  const Levels levels = levels_of(encode_image(images, c.image.network), none, c);
  return concat({flat(levels.top.codes), flat(levels.bottom.codes)}, 1);
}

Value decode(Graph& g, const Vqvae& c, Value codes) {
  const std::vector<Value> parts = split(codes, 1, codes_of_levels(c));
  const auto values = [&](Value part, const Shape& positions, const char* level) {
    const auto scope = g.scope(level);
    const Shape shape = positions.inserted(0, codes.shape()[0]);
    return lookup(reshape(part, shape.inserted(shape.rank(), codebooks(c.quantiser))), c.quantiser);
  };
  const Value top = values(parts[0], top_positions(c), "top");
  const Value bottom = values(parts[1], code_positions(c), "bottom");
  return pixel_mean(decoded(top, bottom, c), c.image.pixels);
}

Value sample(Graph& g, const Vqvae& c, std::int64_t batch) {
  const CodeShape shape = code_shape(c);
  return uniform_codes(g, batch, shape.positions, shape.kinds);
}

}  // namespace

Model two_level_vqvae(Graph& g, const Vqvae& c, const BatchShape& shape) {
  const ImageInputs inputs = image_inputs(g, c.image, shape.batch);
  // Encoder.
  const Value features = encode_image(inputs.images, c.image.network);
  // Latents.
  const auto [top, bottom] = levels_of(features, inputs.weights, c);
  // Decoder.
  const Value pixels = decoded(top.values, bottom.values, c);
  return quantised_image_model(pixels, inputs, std::array{top, bottom}, c);
}

void prepare_two_level_vqvae(Variables& store, const Vqvae& c, std::span<const BatchInputs> batches,
                             Workers& workers) {
  const auto build = [&](Graph& g, const BatchShape& shape) { two_level_vqvae(g, c, shape); };
  start_codebooks(store, c.quantiser, build, batches, workers);
}

Autoencoder two_level_vqvae_autoencoder() {
  return {.shape = erased<code_shape>,
          .encode = erased<encode>,
          .decode = erased<decode>,
          .sample = erased<sample>};
}

}  // namespace abax
