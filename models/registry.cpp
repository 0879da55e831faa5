// The list of models. A new one is a line here.
#include "models/registry.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/categorical_vae.h"
#include "models/classifier.h"
#include "models/code_prior.h"
#include "models/gaussian_vae.h"
#include "models/lstm_lm.h"
#include "models/seq2seq.h"
#include "models/transformer_lm.h"
#include "models/two_level_vqvae.h"
#include "models/vqvae.h"

namespace abax {

namespace {

/// The options of image networks and pixels, and those of one model of images.
std::vector<std::string> with_network(const std::vector<std::string>& own) {
  std::vector<std::string> all{"network",       "hidden",          "channels",
                               "downsamplings", "residual-layers", "residual-channels",
                               "likelihood"};
  all.insert(all.end(), own.begin(), own.end());
  return all;
}

std::vector<std::string> quantised_options() {
  return with_network({"quantiser", "codes", "code-width", "groups", "stages", "levels",
                       "commitment", "codebook-decay", "cosine", "codebook-start", "restart-below",
                       "quantiser-dropout"});
}

}  // namespace

const std::vector<ModelEntry>& models() {
  static const std::vector<ModelEntry> all{
      {.name = "lstm_lm",
       .description = "LSTM layers that read a text and predict its next token",
       .task = TaskKind::language,
       .build = lstm_language_model,
       .options = {"width", "layers", "dropout", "label-smoothing", "tied"},
       .step = lstm_language_step},
      {.name = "transformer_lm",
       .description = "Transformer blocks that read a text and predict its next token",
       .task = TaskKind::language,
       .build = transformer_language_model,
       .options = {"width", "layers", "heads", "feed-forward", "positions", "memory", "dropout",
                   "label-smoothing", "tied"},
       .step = transformer_language_step},
      {.name = "seq2seq",
       .description = "an encoder and a decoder with attention that turn a sequence into another",
       .task = TaskKind::translation,
       .build = sequence_to_sequence,
       .options = {"blocks", "width", "layers", "decoder-layers", "heads", "feed-forward",
                   "positions", "bidirectional", "dropout", "label-smoothing", "tied",
                   "shared-embeddings"}},
      {.name = "classifier",
       .description = "an encoder that tells the class of a sequence",
       .task = TaskKind::classification,
       .build = sequence_classifier,
       .options = {"blocks", "width", "layers", "heads", "feed-forward", "positions",
                   "bidirectional", "pooling", "dropout", "label-smoothing"}},
      {.name = "gaussian_vae",
       .description = "a variational autoencoder of images with Gaussian latents",
       .task = TaskKind::images,
       .build = gaussian_vae,
       .options = with_network({"latents", "pixels", "width"}),
       .autoencoder = gaussian_autoencoder()},
      {.name = "categorical_vae",
       .description = "a variational autoencoder of images with categorical latents",
       .task = TaskKind::images,
       .build = categorical_vae,
       .options = with_network({"latents", "categories", "estimator", "samples", "prior",
                                "posterior", "pixels", "width"}),
       .autoencoder = categorical_autoencoder()},
      {.name = "vqvae",
       .description = "an autoencoder of images whose latents are codes of a codebook",
       .task = TaskKind::images,
       .build = vqvae,
       .options = quantised_options(),
       .autoencoder = vqvae_autoencoder(),
       .prepare = prepare_vqvae},
      {.name = "two_level_vqvae",
       .description = "the same with codes of two levels, for the whole and for the rest",
       .task = TaskKind::images,
       .build = two_level_vqvae,
       .options = quantised_options(),
       .autoencoder = two_level_vqvae_autoencoder(),
       .prepare = prepare_two_level_vqvae},
      {.name = "code_prior",
       .description = "Transformer blocks that predict the codes of images, by label",
       .task = TaskKind::codes,
       .build = code_prior,
       .options = {"width", "layers", "heads", "feed-forward", "positions", "dropout",
                   "label-smoothing"},
       .step = transformer_language_step},
  };
  return all;
}

const ModelEntry& model(std::string_view name) {
  std::vector<std::string> names;
  for (const ModelEntry& entry : models()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  std::string nearest = nearest_name(name, names);
  if (nearest.empty()) nearest = names.front();
  throw UsageError(text("there is no model '", name, "'; did you mean '", nearest, "'?"));
}

}  // namespace abax
