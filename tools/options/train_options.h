// The options of tools/train, with their defaults, limits and help.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/function_ref.h"
#include "models/model_config.h"
#include "tools/options/option_set.h"

namespace abax {

/// What --steps, --tokens and so on set. Names are those of the options, with _ for -.
struct TrainOptions {
  std::string preset;  // of tools/options/presets.h; its values stand before all others

  // Data: UTF-8 files; none is a built-in corpus
  Words data;   // a text; a source and a target, line by line; a file a class
  Words valid;  // files of their own instead of a share of `data`
  Words test;
  Numbers split = {90, 5, 5};         // shares of `data`: train, valid, test
  std::string fold;                   // "3/10": the third of ten parts is the test
  std::string corpus;                 // the built-in one; "": that of the model
  std::string tokens = "characters";  // bytes, characters, words, subwords
  std::int64_t vocabulary = 10000;    // at most so many tokens, <unk> included
  bool lower_case = false;
  bool joint_vocabulary = false;    // one for source and target
  std::string too_long = "refuse";  // what is done with sentences of more than `length` tokens
  std::string windows = "streams";  // of a text: contiguous streams, or random windows
  std::string binarise = "none";    // pixels: "none", "static" or "dynamic"
  std::string codes_of;             // the run whose autoencoder makes the codes of code_prior
  bool sampled_codes = false;       // drawn from its posterior, once; else the likeliest

  // Model
  std::string model = "lstm_lm";
  std::string blocks = "transformer";  // transformer, lstm, gru
  std::int64_t width = 128;
  std::int64_t layers = 1;
  std::int64_t decoder_layers = 0;  // 0: as `layers`
  std::int64_t heads = 4;
  std::int64_t feed_forward = 0;  // 0: four times the width
  double dropout = 0;
  bool tied = false;  // the output shares the embedding's matrix
  bool shared_embeddings = false;
  std::string positions = "learned";  // learned, sinusoidal, rotary
  std::int64_t memory = 0;
  bool bidirectional = false;
  std::string pooling = "last";  // last, mean
  // Of autoencoders; see models/model_config.h, from where the defaults come.
  std::string network = ModelConfig{}.network;
  Numbers hidden = {400};
  std::int64_t channels = ModelConfig{}.channels;
  std::int64_t downsamplings = ModelConfig{}.downsamplings;
  std::int64_t residual_layers = ModelConfig{}.residual_layers;
  std::int64_t residual_channels = ModelConfig{}.residual_channels;
  std::string likelihood = ModelConfig{}.likelihood;
  std::int64_t latents = ModelConfig{}.latents;
  std::int64_t categories = ModelConfig{}.categories;
  std::string estimator = ModelConfig{}.estimator;
  std::int64_t samples = ModelConfig{}.samples;
  std::string prior = ModelConfig{}.prior;
  std::string posterior = ModelConfig{}.posterior;
  std::string pixels = ModelConfig{}.pixels;
  std::string quantiser = ModelConfig{}.quantiser;
  std::int64_t codes = ModelConfig{}.codes;
  std::int64_t code_width = ModelConfig{}.code_width;
  std::int64_t groups = ModelConfig{}.groups;
  std::int64_t stages = ModelConfig{}.stages;
  Numbers levels = {8, 5, 5, 5};
  double commitment = ModelConfig{}.commitment;
  double codebook_decay = 0.99;
  bool cosine = false;
  std::string codebook_start = ModelConfig{}.codebook_start;
  double restart_below = 0;
  double quantiser_dropout = 0;
  std::string init_from;  // a checkpoint whose weights to start from
  Words freeze;           // prefixes of the parameters that stay as they are

  // Training
  std::int64_t steps = 0;          // 0: as many as `epochs` take
  double epochs = 0;               // 0: as `steps` say; both 0: the default of the tool
  std::int64_t batch = 20;         // sequences a step
  std::int64_t batch_tokens = 0;   // of sentences: tokens a step, padding included; 0: by `batch`
  std::int64_t length = 35;        // tokens a sequence; of sentences: at most
  std::int64_t buckets = 6;        // of sentences by length: at most so many plans
  std::int64_t accumulate = 1;     // batches whose gradients make one update
  std::string optimiser = "adam";  // sgd, adam, adamw
  double lr = 0.004;
  double final_lr = 0;              // at the last step, of cosine and linear
  std::string schedule = "cosine";  // constant, cosine, linear, inverse-root
  std::int64_t warmup = 0;          // steps
  double clip = 1;                  // global norm of the gradient; 0: no clipping
  double weight_decay = 0;
  double beta1 = 0.9;  // of adam and adamw, as beta2
  double beta2 = 0.999;
  double momentum = 0;  // of sgd
  double label_smoothing = 0;
  double beta = 1;                 // weight of the KL term of variational autoencoders
  std::int64_t kl_warmup = 0;      // steps in which that weight rises from 0
  double temperature = 1;          // of relaxed categorical samples, at the first step
  double final_temperature = 0.5;  // at the last
  double average = 0;              // the decay of the parameters' moving average; 0: none
  std::int64_t seed = 1;

  // Run
  std::int64_t threads = 0;         // 0: as many as this process may use
  std::string out;                  // folder; "": the tool chooses one
  std::string resume;               // the folder of a run to go on with
  std::int64_t eval_every = 0;      // steps; 0: the tool chooses
  std::string best = "loss";        // the metric whose best checkpoint is kept
  std::int64_t patience = 0;        // validations without a better one before it stops; 0: no end
  std::int64_t save_every = 0;      // steps; 0: by time
  std::int64_t pictures_every = 0;  // steps between grids of images; 0: at the end alone
  bool dry_run = false;             // parameters, FLOP a step, memory; trains nothing
  bool quiet = false;
};

/// Binds the options of tools/train to the members of `options`.
OptionSet train_option_set(TrainOptions& options);

/// Reads the command line and the file of --config. With --resume the options are those of that
/// run, which `options_of_run` looks up, and only how long it goes on and how it is watched may be
/// given anew. Nothing where the question was answered on `out` (--help, --version, --dump-config).
/// Throws UsageError on a wrong option, value or combination.
std::optional<TrainOptions> parse_train_options(
    int argc, const char* const* argv, std::ostream& out,
    FunctionRef<TrainOptions(const std::string& run)> options_of_run);

/// The options as a configuration file, and back: what a checkpoint keeps.
std::string to_toml(const TrainOptions& options);
TrainOptions train_options_from_toml(std::string_view toml, const std::string& name);

}  // namespace abax
