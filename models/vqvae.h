// VQ-VAE: an autoencoder of images whose latents are codes (van den Oord, Vinyals and Kavukcuoglu
// 2017), after Sonnet's example.
//
// Encoder features become vectors by encoder/code, and models/latents/quantiser.h makes codes of
// these. With convolutions that layer is a linear map at each position (a convolution of 1 x 1).
// With a dense network its outputs are cut into vectors: as many as code_width fits into the last
// hidden layer.
//
// Loss of an image: reconstruction + the quantiser's terms, the mean over positions. The
// reconstruction is, for the Gaussian likelihood, the mean over pixels of (x - mean)^2 /
// pixel_variance (Sonnet's loss, which is no likelihood in nats), else -log p(x | codes) in nats
// a pixel and channel. Metrics: "reconstruction", "commitment" (without its weight), "mse" (the
// mean of (x - mean)^2), and in training graphs "code_perplexity" of the batch. Statistics:
// "code_counts" [codebooks * kinds]; "posterior" [positions * kinds], how often each code came at
// each of an image's positions: the sum over images of q(z|x), all of whose weight is on one code.
// Rows with weight 0 weigh nothing in any of them.
#pragma once

#include <span>

#include "models/autoencoder.h"
#include "models/latents/k_means.h"
#include "models/latents/quantiser.h"
#include "models/model.h"

namespace abax {

Model vqvae(Graph& graph, const ModelConfig& config, const BatchShape& shape);
/// Codes of an image position by position, those of a position one after another.
Autoencoder vqvae_autoencoder();
/// Before the first step: see start_codebooks() in models/latents/k_means.h.
void prepare_vqvae(Variables& store, const ModelConfig& config,
                   std::span<const BatchInputs> batches, Workers& workers);

/// What it shares with its relative of two levels: the model of pixels, [batch, height, width,
/// outputs * channels], and quantised levels, whose terms add up.
Model quantised_model(Value pixels, Value images, Value weights, std::span<const Quantised> levels,
                      const ModelConfig& config);
/// One weight a position of z [batch, positions.., width]: that of its image.
Value position_weights(Value weights, Value z);
/// Codes that stand for `units` of a dense layer: as many as code_width fits into them, at least 1.
std::int64_t dense_positions(std::int64_t units, const ModelConfig& config);
/// What is quantised, by the layer "code" in the current scope: of features [batch, height, width,
/// channels] at each position, [batch, height, width, quantised_width()]; of dense ones [batch,
/// units] as [batch, positions, quantised_width()].
Value code_vectors(Value features, std::int64_t positions, const ModelConfig& config);
/// `count` uniformly distributed codes for each image, [batch, count] i32.
Value uniform_codes(Graph& graph, std::int64_t batch, const CodeShape& shape);

}  // namespace abax
