// The list of models. A new one is a line here.
#include "models/registry.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/categorical_vae.h"
#include "models/classifier.h"
#include "models/code_prior.h"
#include "models/conditional_vae.h"
#include "models/gaussian_vae.h"
#include "models/lstm_lm.h"
#include "models/ngram_lm.h"
#include "models/seq2seq.h"
#include "models/text_vae.h"
#include "models/text_vqvae.h"
#include "models/transformer_lm.h"
#include "models/two_level_vqvae.h"
#include "models/vqvae.h"

namespace abax {
namespace {

std::int64_t translation_context(const Seq2Seq& s) { return s.blocks.context; }
std::int64_t classification_context(const Classifier& s) { return s.blocks.context; }
std::int64_t code_context(const CodePrior& s) { return s.blocks.context; }

}  // namespace

const std::vector<ModelEntry>& model_entries() {
  static const std::vector<ModelEntry> all{
      {.name = "lstm_lm",
       .description = "LSTM layers that read a text and predict its next token",
       .task = "language",
       .settings = LstmLm{},
       .build = erased<lstm_language_model>,
       .step = erased<lstm_language_step>},
      {.name = "transformer_lm",
       .description = "Transformer blocks that read a text and predict its next token",
       .task = "language",
       .settings = TransformerLm{},
       .defaults = {{"length", "64"},
                    {"lr", "2e-3"},
                    {"warmup", "100"},
                    {"optimiser", "adamw"},
                    {"beta2", "0.99"},
                    {"weight-decay", "0.1"},
                    {"windows", "random"}},
       .build = erased<transformer_language_model>,
       .step = erased<transformer_language_step>,
       .context = erased<transformer_language_context>},
      {.name = "ngram_lm",
       .description = "one hidden layer that reads the last tokens and predicts the next",
       .task = "language",
       .settings = NgramLm{},
       .build = erased<ngram_language_model>,
       .step = erased<ngram_language_step>},
      {.name = "seq2seq",
       .description = "an encoder and a decoder with attention that turn a sequence into another",
       .task = "translation",
       .settings = Seq2Seq{},
       .defaults = {{"tokens", "words"},
                    {"length", "64"},
                    {"batch", "64"},
                    {"lr", "1e-3"},
                    {"warmup", "100"}},
       .build = erased<sequence_to_sequence>,
       .context = erased<translation_context>,
       .decoder = {erased<begin_decoding>, erased<decoding_step>}},
      {.name = "classifier",
       .description = "an encoder that tells the class of a sequence",
       .task = "classification",
       .settings = Classifier{},
       .defaults = {{"tokens", "words"},
                    {"length", "100"},
                    {"batch", "50"},
                    {"lr", "2e-3"},
                    {"best", "accuracy"}},
       .build = erased<sequence_classifier>,
       .context = erased<classification_context>},
      {.name = "gaussian_vae",
       .description = "a variational autoencoder of images with Gaussian latents",
       .task = "images",
       .settings = GaussianVae{},
       .defaults = {{"batch", "128"}, {"lr", "3e-3"}},
       .build = erased<gaussian_vae>,
       .autoencoder = gaussian_autoencoder(),
       .schedule = erased<schedule_gaussian_vae>},
      {.name = "categorical_vae",
       .description = "a variational autoencoder of images with categorical latents",
       .task = "images",
       .settings = CategoricalVae{},
       .defaults = {{"batch", "128"}, {"lr", "3e-3"}},
       .build = erased<categorical_vae>,
       .autoencoder = categorical_autoencoder(),
       .schedule = erased<schedule_categorical_vae>},
      {.name = "vqvae",
       .description = "an autoencoder of images whose latents are codes of a codebook",
       .task = "images",
       .settings = Vqvae{},
       .defaults = {{"batch", "64"}, {"lr", "2e-3"}},
       .build = erased<vqvae>,
       .autoencoder = vqvae_autoencoder(),
       .prepare = erased<prepare_vqvae>,
       .upgrade = upgrade_quantiser},
      {.name = "two_level_vqvae",
       .description = "the same with codes of two levels, for the whole and for the rest",
       .task = "images",
       .settings = Vqvae{},
       .defaults = {{"batch", "64"}, {"lr", "2e-3"}},
       .build = erased<two_level_vqvae>,
       .autoencoder = two_level_vqvae_autoencoder(),
       .prepare = erased<prepare_two_level_vqvae>,
       .upgrade = upgrade_quantiser},
      {.name = "text_vae",
       .description = "a variational autoencoder of sentences, Gaussian or categorical",
       .task = "sentences",
       .settings = TextVae{},
       .defaults = {{"tokens", "words"}, {"length", "40"}, {"batch", "32"}, {"lr", "1e-3"}},
       .build = erased<text_vae>,
       .context = erased<text_vae_context>,
       .decoder = text_vae_decoder(),
       .autoencoder = text_vae_autoencoder(),
       .schedule = erased<schedule_text_vae>},
      {.name = "text_vqvae",
       .description = "an autoencoder of sentences whose latents are codes of a codebook",
       .task = "sentences",
       .settings = TextVqvae{},
       .defaults = {{"tokens", "words"}, {"length", "40"}, {"batch", "32"}, {"lr", "1e-3"}},
       .build = erased<text_vqvae>,
       .context = erased<text_vqvae_context>,
       .decoder = text_vqvae_decoder(),
       .autoencoder = text_vqvae_autoencoder(),
       .prepare = erased<prepare_text_vqvae>},
      {.name = "conditional_vae",
       .description = "a variational autoencoder of sentences given a label or another sequence",
       .task = "sentences",
       .task_of = erased<conditional_vae_task>,
       .settings = ConditionalVae{},
       .defaults = {{"tokens", "words"}, {"length", "40"}, {"batch", "32"}, {"lr", "1e-3"}},
       .build = erased<conditional_vae>,
       .context = erased<conditional_vae_context>,
       .decoder = conditional_vae_decoder(),
       .autoencoder = conditional_vae_autoencoder(),
       .schedule = erased<schedule_conditional_vae>},
      {.name = "code_prior",
       .description = "Transformer blocks that predict the codes of images, by label",
       .task = "codes",
       .settings = CodePrior{},
       .defaults = {{"batch", "64"},
                    {"lr", "2e-3"},
                    {"warmup", "100"},
                    {"optimiser", "adamw"},
                    {"weight-decay", "0.1"}},
       .build = erased<code_prior>,
       .step = erased<code_prior_step>,
       .context = erased<code_context>},
  };
  return all;
}

const ModelEntry& model_entry(std::string_view name) {
  std::vector<std::string> names;
  for (const ModelEntry& entry : model_entries()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  std::string nearest = nearest_name(name, names);
  if (nearest.empty()) nearest = names.front();
  throw UsageError(str_cat("there is no model '", name, "'; did you mean '", nearest, "'?"));
}

}  // namespace abax
