// Images, codes, images again.
#include "models/vqvae.h"

#include "models/latents/k_means.h"
#include "models/model_settings.h"
#include "ops/elementwise.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// What is quantised, [batch, positions.., width].
Value encoded(Value images, const Vqvae& c) {
  const Value features = encode_image(images, c.image.network);
  const auto scope = images.graph().scope("encoder");
  return vectors_to_quantise(features, code_positions(c).size(), c.quantiser);
}

/// Pixels of the vectors of codes, [batch, positions.., width].
Value decoded(Value vectors, const Vqvae& c) {
  if (vectors.shape().rank() == 3) vectors = reshape(vectors, {vectors.shape()[0], -1});
  return decode_image(vectors, c.image.network, pixel_outputs(c.image.pixels));
}

CodeShape code_shape(const Vqvae& c) {
  return {code_positions(c).size() * codebooks(c.quantiser), code_kinds(c.quantiser)};
}

Value encode(Graph& g, const Vqvae& c, const BatchShape& shape) {
  const Value z = encoded(image_inputs(g, c.image, shape.batch).images, c);
  const Value none = g.constant(Tensor(z.shape().without(-1)));  // is counted
  return reshape(quantise(z, none, c.quantiser).codes, {shape.batch, -1});
}

Value decode(Graph&, const Vqvae& c, Value codes) {
  const Shape shape = code_positions(c).inserted(0, codes.shape()[0]);
  const Value each = reshape(codes, shape.inserted(shape.rank(), codebooks(c.quantiser)));
  return pixel_mean(decoded(lookup(each, c.quantiser), c), c.image.pixels);
}

Value sample(Graph& g, const Vqvae& c, std::int64_t batch) {
  const CodeShape shape = code_shape(c);
  return uniform_codes(g, batch, shape.positions, shape.kinds);
}

}  // namespace

void fields(Fields& f, Vqvae& s) {
  f.part(s.image);
  f.part(s.quantiser);
  if (std::holds_alternative<DenseNetwork>(s.image.network.kind) &&
      !std::holds_alternative<Nearest>(s.quantiser.kind))
    code_width_field(f, s.quantiser.code_width, "units of the last hidden layer for each code");
}

Shape code_positions(const Vqvae& c) {
  const Shape features = feature_shape(c.image.network);
  return features.rank() == 1 ? Shape{dense_positions(features[0], c.quantiser)}
                              : features.without(-1);
}

Model quantised_image_model(Value pixels, const ImageInputs& inputs,
                            std::span<const Quantised> levels, const Vqvae& c) {
  const auto& [images, weights] = inputs;
  const Value mean = pixel_mean(pixels, c.image.pixels);
  const Value distortion = pixel_distortion(pixels, mean, images, c.image.pixels);
  Model model = quantised_model(distortion, mean, weights, levels, c.quantiser);
  model.metrics["mse"] = mean_over_item(square(images - mean), weights);
  return model;
}

Model vqvae(Graph& g, const Vqvae& c, const BatchShape& shape) {
  const ImageInputs inputs = image_inputs(g, c.image, shape.batch);
  // Encoder.
  const Value z = encoded(inputs.images, c);
  // Latent.
  const Quantised q = quantise(z, position_weights(inputs.weights, z), c.quantiser);
  // Decoder.
  return quantised_image_model(decoded(q.values, c), inputs, {&q, 1}, c);
}

void prepare_vqvae(Variables& store, const Vqvae& c, std::span<const BatchInputs> batches,
                   Workers& workers) {
  const auto build = [&](Graph& g, const BatchShape& shape) { vqvae(g, c, shape); };
  start_codebooks(store, c.quantiser, build, batches, workers);
}

Autoencoder vqvae_autoencoder() {
  return {.shape = erased<code_shape>,
          .encode = erased<encode>,
          .decode = erased<decode>,
          .sample = erased<sample>};
}

}  // namespace abax
