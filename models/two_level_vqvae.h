// Two-level VQ-VAE (Razavi, van den Oord and Vinyals 2019, algorithm 1): top codes for the whole,
// bottom codes for the rest, which know the decoded top.
//
//     h = encoder(x)
//     top = quantise(top/code(shrunk(h)))         half the positions along each axis
//     bottom = quantise(code([h, grown(top)]))    positions as in models/vqvae.h
//     x' = decoder([upsampled top, bottom])
//
// With convolutions: top/down is 4 x 4 with stride 2, then top/conv and top/residual<i> as in the
// encoder below it; grown is top/conv, top/residual<i> and top/up, 4 x 4 transposed with stride 2,
// to code_width channels; the top codes reach the decoder by a transposed convolution of their own,
// top/upsample. With a dense network: there are half as many
// top codes as bottom ones (at least one), top/dense has code_width units for each, grown is
// top/dense to as many units as the encoder's last layer has, and the top codes stand beside the
// bottom ones. Parameters are those of models/image_network.h, and under encoder/ and decoder/
// these; codebooks are top/codebook and bottom/codebook.
//
// Loss, metrics: models/vqvae.h, the terms of both levels added up, each a mean over its positions.
// Codes of an image: the top ones, then the bottom ones. Statistics: "code_counts" likewise,
// [2 * codebooks * kinds].
#pragma once

#include <span>

#include "models/autoencoder.h"
#include "models/k_means.h"
#include "models/model.h"

namespace abax {

Model two_level_vqvae(Graph& graph, const ModelConfig& config, const BatchShape& shape);
Autoencoder two_level_vqvae_autoencoder();
/// Before the first step: the top codebook, then the bottom one, see start_codebooks().
void prepare_two_level_vqvae(Variables& store, const ModelConfig& config,
                             std::span<const BatchInputs> batches, Workers& workers);

}  // namespace abax
