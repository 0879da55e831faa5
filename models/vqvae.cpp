// Encoder, quantiser, decoder; and the loss that one and two levels share.
#include "models/vqvae.h"

#include <algorithm>
#include <vector>

#include "core/graph/sum.h"
#include "models/latents/variational.h"
#include "models/layers/image_network.h"
#include "models/layers/layers.h"
#include "models/layers/pixels.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// The positions of an image's codes: [positions] or [height, width].
Shape positions_of(const ModelConfig& c) {
  const Shape features = feature_shape(c);
  return features.rank() == 1 ? Shape{dense_positions(features[0], c)} : features.without(-1);
}

/// What is quantised, [batch, positions.., width].
Value vectors_of(Value images, const ModelConfig& c) {
  const Value features = encode_image(images, c);
  const auto scope = images.graph().scope("encoder");
  return code_vectors(features, positions_of(c).size(), c);
}

/// Pixels of the vectors of codes, [batch, positions.., width].
Value pixels_of(Value vectors, const ModelConfig& c) {
  if (vectors.shape().rank() == 3) vectors = reshape(vectors, {vectors.shape()[0], -1});
  return decode_image(vectors, c, pixel_outputs(c));
}

/// Sums over images of the mean of `terms` [batch, ..] over an image, and how many images count.
Loss loss_of(Value terms, Value weights) {
  const Value flat = reshape(terms, {weights.shape()[0], -1});
  return over_images(mean(flat, {-1}), weights);
}

/// How often each code came at each position, [positions * kinds], of codes [batch, positions].
Value counts_by_position(Value codes, Value weights, std::int64_t kinds) {
  const std::int64_t positions = codes.shape()[1];
  Tensor first({positions}, i32);  // the rows of the result where a position begins
  for (std::int64_t i = 0; i < positions; ++i)
    first.as<std::int32_t>()[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i * kinds);
  const Value rows = codes + codes.graph().constant(std::move(first));  // [batch, positions]
  const Value each = broadcast_to(reshape(weights, {-1, 1}), codes.shape());
  return scatter_add(reshape(each, {-1}), reshape(rows, {-1}), positions * kinds);
}

/// Of each pixel and channel, [batch, pixels]. See the header.
Value reconstruction_terms(Value pixels, Value mean, Value images, const ModelConfig& c) {
  if (c.likelihood == "gaussian") return square(images - mean) * (1 / c.pixel_variance);
  const auto count = static_cast<float>(images.shape().size(1, 4));
  return pixel_log_likelihood(pixels, images, c) * (-1 / count);  // [batch]
}

CodeShape code_shape(const ModelConfig& c) {
  return {positions_of(c).size() * codebooks(c), code_kinds(c)};
}

Value encode(Graph&, const ModelConfig& c, Value images) {
  const Value z = vectors_of(images, c);
  const Value all = images.graph().constant(Tensor(z.shape().without(-1)));  // none is counted
  return reshape(quantise(z, all, c).codes, {images.shape()[0], -1});
}

Value decode(Graph&, const ModelConfig& c, Value codes) {
  const Shape shape = positions_of(c).inserted(0, codes.shape()[0]);
  const Value each = reshape(codes, shape.inserted(shape.rank(), codebooks(c)));
  return pixel_mean(pixels_of(lookup(each, c), c), c);
}

Value sample(Graph& g, const ModelConfig& c, std::int64_t batch) {
  return uniform_codes(g, batch, code_shape(c));
}

}  // namespace

std::int64_t dense_positions(std::int64_t units, const ModelConfig& c) {
  return std::max<std::int64_t>(1, units / std::max<std::int64_t>(1, c.code_width));
}

Value code_vectors(Value features, std::int64_t positions, const ModelConfig& c) {
  const std::int64_t width = quantised_width(c);
  if (features.shape().rank() > 2) return linear(features, width, "code");
  return reshape(linear(features, positions * width, "code"),
                 {features.shape()[0], positions, width});
}

Value position_weights(Value weights, Value z) {
  const Shape rows = z.shape().without(-1);
  Shape first{rows[0]};
  while (first.rank() < rows.rank()) first = first.inserted(first.rank(), 1);
  return broadcast_to(reshape(weights, first), rows);
}

Value uniform_codes(Graph& g, std::int64_t batch, const CodeShape& shape) {
  const auto kinds = static_cast<float>(shape.kinds);
  return cast(random_uniform(g, {batch, shape.positions}, 0, kinds), i32);
}

Model quantised_model(Value pixels, Value images, Value weights, std::span<const Quantised> levels,
                      const ModelConfig& c) {
  Graph& g = images.graph();
  const Value mean = pixel_mean(pixels, c);
  const Loss reconstruction = loss_of(reconstruction_terms(pixels, mean, images, c), weights);
  Value loss = reconstruction.sum, commitment, perplexity;
  std::vector<Value> counts, codes;
  for (const Quantised& level : levels) {
    const Value committed = loss_of(level.commitment, weights).sum;
    commitment = commitment ? commitment + committed : committed;
    loss = loss + loss_of(level.loss, weights).sum;
    counts.push_back(level.counts);
    codes.push_back(reshape(level.codes, {images.shape()[0], -1}));
    const Value each = code_perplexity(level.counts, codebooks(c));
    perplexity = perplexity ? perplexity + each : each;
  }
  const Value all = g.name(levels.size() > 1 ? concat(codes, 1) : codes.front(), "codes");
  const Value count = reconstruction.count;
  Model model{.output = g.name(mean, "reconstruction"),
              .loss = {loss, count},
              .metrics = {{"reconstruction", reconstruction},
                          {"commitment", {commitment, count}},
                          {"mse", loss_of(square(images - mean), weights)}}};
  if (g.training())
    model.metrics["code_perplexity"] = {perplexity, g.constant(static_cast<float>(levels.size()))};
  else
    model.statistics = {{"code_counts", levels.size() > 1 ? concat(counts, 0) : counts.front()},
                        {"posterior", counts_by_position(all, weights, code_kinds(c))}};
  return model;
}

Model vqvae(Graph& g, const ModelConfig& c, const BatchShape& shape) {
  const auto [images, weights] = image_inputs(g, c, shape.batch);
  const Value z = vectors_of(images, c);
  const Quantised q = quantise(z, position_weights(weights, z), c);
  return quantised_model(pixels_of(q.values, c), images, weights, {&q, 1}, c);
}

void prepare_vqvae(Variables& store, const ModelConfig& config,
                   std::span<const BatchInputs> batches, Workers& workers) {
  start_codebooks(store, config, vqvae, batches, workers);
}

Autoencoder vqvae_autoencoder() {
  return {.shape = code_shape, .encode = encode, .decode = decode, .sample = sample};
}

}  // namespace abax
