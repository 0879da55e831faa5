// The lists of presets. A new one is an entry here.
#include "tools/options/presets.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {

namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

Values joined(Values values, const Values& more) {
  values.insert(values.end(), more.begin(), more.end());
  return values;
}

/// What both settings of nanoGPT's README for tinyshakespeare (1.1 MB of plays) have in common.
const Values& char_values() {
  static const Values values{
      {"model", "transformer_lm"}, {"lr", "1e-3"},      {"final-lr", "1e-4"},    {"warmup", "100"},
      {"optimiser", "adamw"},      {"beta2", "0.99"},   {"weight-decay", "0.1"}, {"clip", "1"},
      {"windows", "random"},       {"split", "90,10,0"}};
  return values;
}

}  // namespace

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all{
      // Its CPU setting, and its GPU setting.
      {"char-small", "a character Transformer of 0.8 M parameters, minutes on a megabyte of text",
       joined(char_values(), {{"layers", "4"},
                              {"heads", "4"},
                              {"width", "128"},
                              {"length", "64"},
                              {"batch", "12"},
                              {"dropout", "0"},
                              {"steps", "2000"}})},
      {"char-large", "a character Transformer of 10.6 M parameters, hours on a megabyte of text",
       joined(char_values(), {{"layers", "6"},
                              {"heads", "6"},
                              {"width", "384"},
                              {"length", "256"},
                              {"batch", "64"},
                              {"dropout", "0.2"},
                              {"steps", "5000"}})},
      // The size of Wu et al. 2021 for Multi30k (29,000 pairs).
      {"translate-small",
       "an encoder-decoder of 4 + 4 narrow layers on subwords, for some ten thousand pairs",
       {{"model", "seq2seq"},
        {"layers", "4"},
        {"width", "128"},
        {"feed-forward", "256"},
        {"heads", "4"},
        {"dropout", "0.3"},
        {"label-smoothing", "0.1"},
        {"tokens", "subwords"},
        {"vocabulary", "8000"},
        {"joint-vocabulary", "true"},
        {"shared-embeddings", "true"},
        {"tied", "true"},
        {"positions", "sinusoidal"},
        {"length", "128"},
        {"batch-tokens", "4096"},
        {"optimiser", "adam"},
        {"beta2", "0.98"},
        {"lr", "4e-3"},
        {"schedule", "cosine"},
        {"warmup", "800"},
        {"steps", "3500"},
        {"average", "0.998"},
        {"clip", "0"},
        {"buckets", "10"}}},
      {"translate-words",
       "an encoder-decoder of 3 + 3 layers on lower-case words",
       {{"model", "seq2seq"},
        {"layers", "3"},
        {"width", "256"},
        {"feed-forward", "512"},
        {"heads", "8"},
        {"dropout", "0.1"},
        {"tokens", "words"},
        {"lower-case", "true"},
        {"vocabulary", "10000"},
        {"positions", "learned"},
        {"length", "100"},
        {"batch", "128"},
        {"optimiser", "adam"},
        {"lr", "5e-4"},
        {"schedule", "constant"},
        {"epochs", "10"},
        {"clip", "1"}}},
      {"questions",
       "a bidirectional LSTM with attention that answers the built-in questions",
       {{"model", "seq2seq"},
        {"corpus", "questions"},
        {"blocks", "lstm"},
        {"layers", "1"},
        {"bidirectional", "true"},
        {"lr", "3e-3"},
        {"dropout", "0.1"},
        {"warmup", "200"},
        {"steps", "6000"},
        {"best", "exact"}}},
      // PyTorch's example of a VAE, for MNIST.
      {"vae-mnist",
       "a Gaussian autoencoder of small images, dense layers of 400 and 20 units",
       {{"model", "gaussian_vae"},
        {"hidden", "400"},
        {"latents", "20"},
        {"batch", "128"},
        {"lr", "1e-3"},
        {"schedule", "constant"},
        {"clip", "0"},
        {"epochs", "10"}}},
      // The size of Jang et al. 2017, table 1, for binarised MNIST.
      {"categorical-mnist",
       "an autoencoder of small images with 20 categorical latents of 10 values",
       {{"model", "categorical_vae"},
        {"hidden", "200"},
        {"latents", "20"},
        {"categories", "10"},
        {"prior", "learned"},
        {"binarise", "static"},
        {"temperature", "1"},
        {"final-temperature", "0.5"},
        {"batch", "100"},
        {"lr", "1e-3"},
        {"final-lr", "1e-5"},
        {"clip", "0"},
        {"epochs", "60"}}},
      // Sonnet's example of a VQ-VAE (van den Oord et al. 2017).
      {"vqvae-cifar",
       "a convolutional VQ-VAE of 8 x 8 codes for images of 32 x 32",
       {{"model", "vqvae"},
        {"network", "convolution"},
        {"channels", "128"},
        {"downsamplings", "2"},
        {"residual-layers", "2"},
        {"residual-channels", "32"},
        {"codes", "512"},
        {"code-width", "64"},
        {"commitment", "0.25"},
        {"codebook-decay", "0.99"},
        {"codebook-start", "random"},
        {"likelihood", "gaussian"},
        {"batch", "32"},
        {"lr", "3e-4"},
        {"schedule", "constant"},
        {"clip", "0"},
        {"steps", "10000"}}},
      {"classify-small",
       "a bidirectional LSTM for some thousand short sentences",
       {{"model", "classifier"},
        {"blocks", "lstm"},
        {"bidirectional", "true"},
        {"pooling", "mean"},
        {"width", "128"},
        {"dropout", "0.5"},
        {"tokens", "words"},
        {"lower-case", "true"},
        {"vocabulary", "20000"},
        {"length", "100"},
        {"batch", "50"},
        {"lr", "1e-3"},
        {"schedule", "constant"},
        {"epochs", "10"},
        {"best", "accuracy"},
        {"patience", "4"}}},
  };
  return all;
}

const Preset& preset(std::string_view name) {
  std::vector<std::string> names;
  for (const Preset& known : presets()) {
    if (known.name == name) return known;
    names.push_back(known.name);
  }
  const std::string nearest = nearest_name(name, names);
  throw UsageError(text("there is no preset '", name, "'; did you mean '",
                        nearest.empty() ? names.front() : nearest, "'?"));
}

const Preset& model_defaults(std::string_view model) {
  static const Preset none;
  static const std::vector<Preset> all{
      {"transformer_lm",
       "",
       {{"layers", "2"},
        {"length", "64"},
        {"lr", "2e-3"},
        {"warmup", "100"},
        {"optimiser", "adamw"},
        {"beta2", "0.99"},
        {"weight-decay", "0.1"},
        {"windows", "random"}}},
      {"seq2seq",
       "",
       {
           {"layers", "2"},
           {"tokens", "words"},
           {"length", "64"},
           {"batch", "64"},
           {"lr", "1e-3"},
           {"warmup", "100"},
       }},
      {"classifier",
       "",
       {{"blocks", "lstm"},
        {"tokens", "words"},
        {"length", "100"},
        {"batch", "50"},
        {"lr", "2e-3"},
        {"best", "accuracy"}}},
      {"code_prior",
       "",
       {{"layers", "2"},
        {"batch", "64"},
        {"lr", "2e-3"},
        {"warmup", "100"},
        {"optimiser", "adamw"},
        {"weight-decay", "0.1"}}},
      {"gaussian_vae", "", {{"batch", "128"}, {"lr", "3e-3"}}},
      {"categorical_vae", "", {{"batch", "128"}, {"lr", "3e-3"}}},
      {"vqvae", "", {{"batch", "64"}, {"lr", "2e-3"}}},
      {"two_level_vqvae", "", {{"batch", "64"}, {"lr", "2e-3"}}},
  };
  const auto found = std::ranges::find(all, model, &Preset::name);
  return found == all.end() ? none : *found;
}

}  // namespace abax
