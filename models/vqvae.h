// VQ-VAE: an autoencoder of images whose latents are codes (van den Oord, Vinyals and Kavukcuoglu
// 2017), after Sonnet's example.
//
// Encoder features become vectors by encoder/code, and models/latents/quantiser.h makes codes of
// these. With convolutions that layer is a linear map at each position (a convolution of 1 x 1).
// With a dense network its outputs are cut into vectors: as many as code_width fits into the last
// hidden layer.
//
// Loss, metrics and statistics: models/latents/quantised.h. The distortion is, for the Gaussian
// likelihood, the mean over pixels of (x - mean)^2 / variance (Sonnet's loss, which is no
// likelihood in nats), else -log p(x | codes) in nats a pixel and channel. A further metric is
// "mse", the mean of (x - mean)^2.
#pragma once

#include <map>
#include <span>
#include <string>

#include "models/autoencoder.h"
#include "models/latents/quantised.h"
#include "models/layers/image_modality.h"
#include "models/model.h"
#include "models/settings/fields.h"

namespace abax {

struct Vqvae {
  ImageModality image = {};
  Quantiser quantiser = {};
};
void fields(Fields& f, Vqvae& s);

Model vqvae(Graph& graph, const Vqvae& settings, const BatchShape& shape);
/// Codes of an image position by position, those of a position one after another.
Autoencoder vqvae_autoencoder();
/// Before the first step: see start_codebooks() in models/latents/k_means.h.
void prepare_vqvae(Variables& store, const Vqvae& settings, std::span<const BatchInputs> batches,
                   Workers& workers);

/// What it shares with its relative of two levels: the positions of an image's codes, [positions]
/// of a dense network or [height, width], and the model of pixels, [batch, height, width, outputs *
/// channels], and quantised levels.
Shape code_positions(const Vqvae& settings);
Model quantised_image_model(Value pixels, const ImageInputs& inputs,
                            std::span<const Quantised> levels, const Vqvae& settings);

}  // namespace abax
