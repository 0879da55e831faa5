// Two-level VQ-VAE (Razavi, van den Oord and Vinyals 2019, algorithm 1): top codes for the whole,
// bottom codes for the rest, which know the decoded top.
//
//   h = encoder(x)
//   top = quantise(code(shrunk(h)))             half the positions along each axis
//   bottom = quantise(code([h, grown(top)]))    positions as in models/vqvae.h
//   x' = decoder([upsampled top, bottom])
//
// With convolutions encoder/top/down is 4 x 4 with stride 2, followed by a relu, encoder/top/conv
// and encoder/top/residual<i> as those of the encoder below it; grown is decoder/top/conv,
// decoder/top/residual<i> and decoder/top/up, 4 x 4 transposed with stride 2 and relu, to as many
// channels as h has. upsampled is decoder/top/upsample, likewise to the codes' width, without relu.
// With a dense network there are half as many top codes as bottom ones (at least one);
// encoder/top/dense has code_width units for each, with relu, grown is decoder/top/dense to as many
// units as h has, with relu, and the top codes stand beside the bottom ones. All else is called as
// in models/layers/image_network.h; codebooks are top/codebook and bottom/codebook.
//
// Loss, metrics: models/vqvae.h, the terms of both levels added up, each a mean over its positions.
// Codes of an image: the top ones, then the bottom ones. Statistics: "code_counts" likewise,
// [2 * codebooks * kinds], and "posterior".
#pragma once

#include <span>

#include "models/autoencoder.h"
#include "models/model.h"
#include "models/vqvae.h"

namespace abax {

Model two_level_vqvae(Graph& graph, const Vqvae& settings, const BatchShape& shape);
Autoencoder two_level_vqvae_autoencoder();
/// Before the first step: the top codebook, then the bottom one, see start_codebooks().
void prepare_two_level_vqvae(Variables& store, const Vqvae& settings,
                             std::span<const BatchInputs> batches, Workers& workers);

}  // namespace abax
