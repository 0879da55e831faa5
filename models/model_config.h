// The choices that make a model out of its name: what --width, --layers and so on say.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "models/settings/fields.h"

namespace abax {

/// One set for all models; each reads what its entry in models/registry.h lists.
struct ModelConfig {
  std::int64_t vocabulary =
      0;  // of what is predicted; of a language model and a classifier, of what is read
  std::int64_t source_vocabulary =
      0;  // of a translation's source; of a prior over codes, of what is read: codes and labels
  std::int64_t classes = 0;  // of a classifier; labels of code_prior, 0: none

  std::string blocks = "transformer";  // "transformer", "lstm" or "gru": of encoders and decoders
  std::int64_t width = 128;            // of the embedding and of each layer
  std::int64_t layers = 1;
  std::int64_t decoder_layers = 0;    // 0: as many as `layers`
  std::int64_t heads = 4;             // of attention; they divide the width
  std::int64_t feed_forward = 0;      // units between the two products of a block; 0: 4 width
  float dropout = 0;                  // in training graphs
  float label_smoothing = 0;          // likewise (Szegedy et al. 2016, section 7)
  bool tied = false;                  // the output projection shares the embedding's weight
  bool shared_embeddings = false;     // source and target have one embedding
  std::string positions = "learned";  // "learned", "sinusoidal" or "rotary"
  std::int64_t context = 0;           // the longest sequence
  std::int64_t memory = 0;            // positions of former segments that are still seen
  bool bidirectional = false;         // recurrent encoders
  std::string pooling = "last";       // of a recurrent classifier: "last" or "mean"

  // Autoencoders of images.
  std::int64_t image_height = 0, image_width = 0, image_channels = 0;
  float pixel_variance = 1;                  // of the training images, over all pixels
  std::string network = "dense";             // "dense" or "convolution": encoder and decoder
  std::vector<std::int64_t> hidden = {400};  // units of an encoder's dense layers; a decoder has
                                             // them in reverse
  std::int64_t channels = 128;               // of convolutions
  std::int64_t downsamplings = 2;            // convolutions of stride 2
  std::int64_t residual_layers = 2;
  std::int64_t residual_channels = 32;
  std::string likelihood = "bernoulli";  // of a pixel: "bernoulli", "gaussian" or "logistic"

  // Variational ones.
  std::int64_t latents = 20;         // dimensions of a Gaussian, or categorical variables
  std::int64_t categories = 10;      // values of each of the latter
  std::string estimator = "gumbel";  // of gradients through categorical samples, see
                                     // models/latents/estimators.h
  std::int64_t samples = 1;          // of the posterior an image, where the estimator wants them
  std::string prior = "uniform";     // "uniform", "learned" or "autoregressive"
  std::string posterior = "independent";  // "independent" or "autoregressive"
  std::string pixels = "independent";     // of a decoder: "independent" or "autoregressive"

  // Vector-quantised ones.
  std::string quantiser = "nearest";  // "nearest", "residual" or "finite" (FSQ)
  std::int64_t codes = 512;           // vectors of a codebook
  std::int64_t code_width = 64;
  std::int64_t groups = 1;  // codebooks side by side, each for a part of the width
  std::int64_t stages = 4;  // of a residual quantiser
  std::vector<std::int64_t> levels = {8, 5, 5, 5};  // of FSQ, one a dimension
  float commitment = 0.25f;                         // weight of the commitment term
  float codebook_decay = 0.99f;  // of the codebook's moving averages; 0: a codebook loss instead
  bool cosine = false;           // codes are found by direction alone
  std::string codebook_start = "data";  // "data" (k-means) or "random"
  float restart_below = 0;              // codes used less often than this a batch move; 0: never
  float quantiser_dropout = 0;          // share of the batches that use only some residual stages
};

/// Until its last reader has settings of its own.
inline void fields(Fields&, ModelConfig&) {}

/// As a checkpoint keeps it, and back. The latter throws CheckpointError on a value that is missing
/// or malformed.
std::map<std::string, std::string> to_values(const ModelConfig& config);
ModelConfig model_config(const std::map<std::string, std::string>& values);

}  // namespace abax
