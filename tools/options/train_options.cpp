// The options of tools/train; see train_options.h.
#include "tools/options/train_options.h"

#include <algorithm>
#include <ostream>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/json.h"
#include "models/registry.h"
#include "models/training/schedules.h"
#include "tools/options/presets.h"

namespace abax {
namespace {

void check_together(const TrainOptions& options) {
  if (options.momentum > 0 && options.optimiser != "sgd")
    throw UsageError(text("--momentum is of --optimiser sgd, not of ", options.optimiser));
  if (options.steps > 0 && options.epochs > 0)
    throw UsageError("--steps and --epochs both say how long to train: give one of them");
  if (options.steps > 0 && options.warmup > options.steps)
    throw UsageError(text("--warmup: ", options.warmup, " steps, but the training has only ",
                          options.steps, " (--steps)"));
  if (!options.resume.empty() && !options.init_from.empty())
    throw UsageError(
        "--resume goes on with a run, --init-from starts a new one from its weights: give one of "
        "them");
  if (options.data.empty() && !(options.valid.empty() && options.test.empty()))
    throw UsageError("--valid and --test need --data: the built-in corpus brings its own");
  if (options.split.size() != 3)
    throw UsageError(
        text("--split: expected three shares (train,valid,test), not ", options.split.size()));
  if (options.split[0] <= 0)
    throw UsageError("--split: the first share is for training and must be above 0");
  if (options.data.empty() && !options.fold.empty())
    throw UsageError("--fold divides --data, which is not given");
  if (options.shared_embeddings && !options.joint_vocabulary)
    throw UsageError("--shared-embeddings needs --joint-vocabulary: one table for one vocabulary");
  if (options.sampled_codes && options.codes_of.empty())
    throw UsageError("--sampled-codes are those of the autoencoder that --codes-of names");
  if (options.memory > 0 && options.windows != "streams")
    throw UsageError("--memory needs --windows streams: only there one batch continues another");
  if (options.memory > 0 && options.positions != "rotary")
    throw UsageError("--memory needs --positions rotary: the others know no place before a window");
}

/// The options that shape a model; which of them it reads is in its registry entry.
const Words model_options{"blocks",
                          "width",
                          "layers",
                          "decoder-layers",
                          "heads",
                          "feed-forward",
                          "positions",
                          "memory",
                          "bidirectional",
                          "pooling",
                          "dropout",
                          "tied",
                          "shared-embeddings",
                          "label-smoothing",
                          "network",
                          "hidden",
                          "channels",
                          "downsamplings",
                          "residual-layers",
                          "residual-channels",
                          "likelihood",
                          "latents",
                          "categories",
                          "estimator",
                          "samples",
                          "prior",
                          "posterior",
                          "pixels",
                          "quantiser",
                          "codes",
                          "code-width",
                          "groups",
                          "stages",
                          "levels",
                          "commitment",
                          "codebook-decay",
                          "cosine",
                          "codebook-start",
                          "restart-below",
                          "quantiser-dropout"};

/// An option that the model would not read must not look as if it did something.
void check_model_options(TrainOptions options) {
  const ModelEntry& entry = model(options.model);
  TrainOptions defaults;
  const Json values = train_option_set(options).to_json();
  const Json default_values = train_option_set(defaults).to_json();
  for (const std::string& name : model_options) {
    if (std::ranges::find(entry.options, name) != entry.options.end()) continue;
    if (to_text(values.at(name)) == to_text(default_values.at(name))) continue;
    std::string known;
    for (const std::string& option : entry.options) known += " --" + option;
    throw UsageError(text("--", name, " means nothing to ", entry.name, ", which takes", known));
  }
}

/// The names in a list of models or presets, with commas between.
template <class List>
std::string listed(const List& list) {
  std::string names;
  for (const auto& entry : list) names += (names.empty() ? "" : ", ") + entry.name;
  return names;
}

void apply(const Preset& preset, OptionSet& set) {
  for (const auto& [option, value] : preset.values)
    set.at(option).set_text(text("preset ", preset.name, ": --", option), value);
}

/// What --preset and the model say, before anything else does.
void apply_presets(int argc, const char* const* argv, TrainOptions& options) {
  TrainOptions asked;
  std::ostringstream nowhere;
  OptionSet probe = train_option_set(asked);
  probe.parse(argc, argv, nowhere);
  Preset chosen = asked.preset.empty() ? Preset() : preset(asked.preset);
  if (!probe.at("model").given())
    for (const auto& [option, value] : chosen.values)
      if (option == "model") asked.model = value;
  // A length of training in steps takes the place of one in passes, and the other way round.
  if (probe.at("steps").given() || probe.at("epochs").given())
    std::erase_if(chosen.values, [](const auto& value) {
      return value.first == "steps" || value.first == "epochs";
    });
  OptionSet set = train_option_set(options);
  apply(model_defaults(asked.model), set);
  apply(chosen, set);
  // Nobody asked for their warm-up, so that it does not keep a training from being short.
  if (asked.steps > 0) options.warmup = std::min(options.warmup, asked.steps);
}

/// What may differ when a run goes on; all else would make it another run.
const Words resumable{
    "steps",    "epochs",  "lr",  "final-lr",   "schedule",   "warmup",         "clip",
    "patience", "threads", "out", "eval-every", "save-every", "pictures-every", "quiet"};

void check_resumable(TrainOptions before, TrainOptions now) {
  const Json old_values = train_option_set(before).to_json();
  const Json values = train_option_set(now).to_json();
  for (const auto& [name, value] : values.object()) {
    if (std::ranges::find(resumable, name) != resumable.end()) continue;
    const std::string was = to_text(old_values.at(name)), is = to_text(value);
    if (was != is)
      throw UsageError(text("--", name, ": this run has ", was,
                            ", and --resume goes on with it; for ", is,
                            " start a new run, with --init-from if its weights shall be kept"));
  }
}

}  // namespace

namespace {

/// What shapes an autoencoder of images.
void add_autoencoder_options(OptionSet& set, TrainOptions& o) {
  set.add("network", &o.network, "of an autoencoder: what encoder and decoder are made of")
      .one_of({"dense", "convolution"});
  set.add("hidden", &o.hidden, "units of the encoder's dense layers; the decoder's in reverse")
      .at_least(1);
  set.add("channels", &o.channels, "channels of convolutions").at_least(1).at_most(1 << 16);
  set.add("downsamplings", &o.downsamplings, "convolutions that halve height and width")
      .at_least(0)
      .at_most(16);
  set.add("residual-layers", &o.residual_layers, "residual layers of convolutions").at_least(0);
  set.add("residual-channels", &o.residual_channels, "channels inside them").at_least(1);
  set.add("likelihood", &o.likelihood, "of a pixel given the code; logistic: discretised")
      .one_of({"bernoulli", "gaussian", "logistic"});
  set.add("latents", &o.latents, "dimensions of a Gaussian latent, or categorical variables")
      .at_least(1);
  set.add("categories", &o.categories, "values of a categorical variable").at_least(2);
  set.add("estimator", &o.estimator, "of the gradient through categorical samples")
      .one_of({"gumbel", "straight-through", "reinmax", "nvil", "rloo", "vimco", "exact"});
  set.add("samples", &o.samples, "of the posterior an image, for rloo and vimco").at_least(1);
  set.add("prior", &o.prior, "of categorical latents")
      .one_of({"uniform", "learned", "autoregressive"});
  set.add("posterior", &o.posterior, "of categorical latents")
      .one_of({"independent", "autoregressive"});
  set.add("pixels", &o.pixels, "of a decoder: each alone, or each row given those above it")
      .one_of({"independent", "autoregressive"});
  set.add("quantiser", &o.quantiser, "nearest code, residual stages, or finite scalars (FSQ)")
      .one_of({"nearest", "residual", "finite"});
  set.add("codes", &o.codes, "vectors of a codebook").at_least(1).at_most(1 << 24);
  set.add("code-width", &o.code_width, "numbers of each").at_least(1);
  set.add("groups", &o.groups, "codebooks side by side, each for a part of the width").at_least(1);
  set.add("stages", &o.stages, "of a residual quantiser").at_least(1);
  set.add("levels", &o.levels, "of FSQ: values of each dimension").at_least(2);
  set.add("commitment", &o.commitment, "weight of the commitment term").at_least(0);
  set.add("codebook-decay", &o.codebook_decay,
          "of the codebook's moving averages; 0: it learns by gradients")
      .at_least(0)
      .below(1);
  set.add("cosine", &o.cosine, "codes are found by their direction alone");
  set.add("codebook-start", &o.codebook_start, "by k-means on data, or random")
      .one_of({"data", "random"});
  set.add("restart-below", &o.restart_below,
          "codes used less often than this a batch move to the data; 0: never")
      .at_least(0);
  set.add("quantiser-dropout", &o.quantiser_dropout,
          "share of the batches that use only some of the residual stages")
      .at_least(0)
      .below(1);
}

}  // namespace

OptionSet train_option_set(TrainOptions& o) {
  OptionSet set("train",
                "Trains a model. Without options: a small LSTM language model on a built-in corpus "
                "whose exact entropy is known, in under a minute.");
  set.add("preset", &o.preset, "settings of a known task: " + listed(presets()))
      .placeholder("NAME")
      .command_line_only();
  set.group("Data");
  set.add("data", &o.data,
          "files, also .gz, to train on; without them a built-in corpus. A language model takes a "
          "UTF-8 text, a translator a source and a target that agree line by line, a classifier a "
          "file a class, a line an example; a model of images takes IDX files (labels after their "
          "images), CIFAR-10's binary files or folders of PNG files (a folder a class)")
      .placeholder("FILE,...");
  set.add("valid", &o.valid, "files for validation, instead of a share of --data")
      .placeholder("FILE,...");
  set.add("test", &o.test, "files for the test after training, likewise").placeholder("FILE,...");
  set.add("split", &o.split, "shares of --data for training, validation and test").at_least(0);
  set.add("fold", &o.fold, "of a classifier: the test is the K-th of N parts of --data")
      .placeholder("K/N");
  set.add("corpus", &o.corpus,
          "which built-in corpus: fables for language models, phrasebook or questions for seq2seq, "
          "judgements for classifiers, glyphs (images) for autoencoders; without it the first that "
          "suits the model")
      .placeholder("NAME");
  set.add("tokens", &o.tokens, "what a token is")
      .one_of({"bytes", "characters", "words", "subwords"});
  set.add("vocabulary", &o.vocabulary,
          "the most frequent so many tokens are known, <unk> stands for the others")
      .at_least(2)
      .at_most(1 << 24);
  set.add("joint-vocabulary", &o.joint_vocabulary, "source and target have one vocabulary");
  set.add("lower-case", &o.lower_case, "text is read in small letters");
  set.add("too-long", &o.too_long, "what happens to sentences of more than --length tokens")
      .one_of({"refuse", "cut"});
  set.add("windows", &o.windows,
          "a text is read as parallel streams, batch after batch, or in windows at random places")
      .one_of({"streams", "random"});
  set.add("binarise", &o.binarise,
          "pixels become 0 or 1 with their value as the probability: once (static), anew in each "
          "pass (dynamic), or not")
      .one_of({"none", "static", "dynamic"});
  set.add("codes-of", &o.codes_of, "of code_prior: the run of the autoencoder that makes the codes")
      .placeholder("FOLDER");
  set.add("sampled-codes", &o.sampled_codes,
          "of code_prior: codes drawn from the autoencoder's posterior, instead of the likeliest; "
          "once for each image to train on, to validate and to test, by --seed");

  set.group("Model");
  set.add("model", &o.model, "which model: " + listed(models())).placeholder("NAME");
  set.add("blocks", &o.blocks, "what encoder and decoder are made of")
      .one_of({"transformer", "lstm", "gru"});
  set.add("width", &o.width, "units a layer, and of the embedding").at_least(1).at_most(1 << 16);
  set.add("layers", &o.layers, "layers, of an encoder too").at_least(1).at_most(1000);
  set.add("decoder-layers", &o.decoder_layers, "layers of the decoder; 0: as --layers")
      .at_least(0)
      .at_most(1000);
  set.add("heads", &o.heads, "heads of attention, which divide the width").at_least(1);
  set.add("feed-forward", &o.feed_forward, "inner units of a block; 0: four times the width")
      .at_least(0);
  set.add("positions", &o.positions, "how a Transformer knows where a token stands")
      .one_of({"learned", "sinusoidal", "rotary"});
  set.add("memory", &o.memory, "tokens of former windows that are still seen (rotary positions)")
      .at_least(0);
  set.add("bidirectional", &o.bidirectional, "LSTM encoders read from both ends");
  set.add("pooling", &o.pooling, "what an LSTM classifier decides from").one_of({"last", "mean"});
  set.add("dropout", &o.dropout, "share of the activations dropped while training")
      .at_least(0)
      .below(1);
  set.add("tied", &o.tied, "the output layer shares the embedding's matrix");
  set.add("shared-embeddings", &o.shared_embeddings,
          "source and target share one (needs --joint-vocabulary)");
  add_autoencoder_options(set, o);
  set.add("init-from", &o.init_from, "checkpoint whose weights to start from")
      .placeholder("FOLDER");
  set.add("freeze", &o.freeze, "parameters that stay as they are, by the start of their names");

  set.group("Training");
  set.add("steps", &o.steps, "updates to train for; 0: as --epochs says").at_least(0);
  set.add("epochs", &o.epochs, "passes over the training text, instead of --steps").at_least(0);
  set.add("batch", &o.batch, "sequences a batch").at_least(1).at_most(1 << 20);
  set.add("batch-tokens", &o.batch_tokens,
          "of sentences: tokens a batch, padding included, instead of --batch")
      .at_least(0);
  set.add("length", &o.length,
          "tokens a sequence, the reach of backpropagation; of sentences: at most")
      .at_least(1)
      .at_most(1 << 20);
  set.add("buckets", &o.buckets, "sentences of like length go together: at most so many plans")
      .at_least(1)
      .at_most(64);
  set.add("accumulate", &o.accumulate, "batches whose gradients make one update")
      .at_least(1)
      .at_most(1 << 20);
  set.add("optimiser", &o.optimiser, "how gradients become updates")
      .one_of({"sgd", "adam", "adamw"})
      .alias("optimizer");
  set.add("lr", &o.lr, "learning rate").above(0);
  set.add("schedule", &o.schedule, "the learning rate's course after the warm-up")
      .one_of(schedule_shapes());
  set.add("final-lr", &o.final_lr, "where cosine and linear end").at_least(0);
  set.add("warmup", &o.warmup, "steps in which the learning rate rises from 0").at_least(0);
  set.add("clip", &o.clip, "largest global norm of a gradient; 0: no limit").at_least(0);
  set.add("weight-decay", &o.weight_decay, "pull of the weights towards 0 (not of biases)")
      .at_least(0);
  set.add("beta1", &o.beta1, "of adam: what the first moment keeps a step").at_least(0).below(1);
  set.add("beta2", &o.beta2, "likewise the second").at_least(0).below(1);
  set.add("label-smoothing", &o.label_smoothing, "share of the target spread over all classes")
      .at_least(0)
      .below(1);
  set.add("beta", &o.beta, "weight of the KL term of a variational autoencoder").at_least(0);
  set.add("kl-warmup", &o.kl_warmup, "steps in which it rises from 0").at_least(0);
  set.add("temperature", &o.temperature, "of relaxed categorical samples, at the first step")
      .above(0);
  set.add("final-temperature", &o.final_temperature, "at the last step").above(0);
  set.add("average", &o.average,
          "decay of a moving average of the weights, which then validates and generates; 0: none")
      .at_least(0)
      .below(1);
  set.add("momentum", &o.momentum, "share of its last step that sgd keeps").at_least(0).below(1);
  set.add("seed", &o.seed, "of the initial weights, dropout and the built-in corpus").at_least(0);

  set.group("Run");
  set.add("threads", &o.threads, "0: as many as this process may use").at_least(0).at_most(1024);
  set.add("eval-every", &o.eval_every, "steps between validations; 0: ten in a run").at_least(0);
  set.add("best", &o.best, "the validation's metric by which the best checkpoint is kept")
      .placeholder("METRIC");
  set.add("patience", &o.patience, "stop after so many validations without a better one; 0: never")
      .at_least(0);
  set.add("save-every", &o.save_every,
          "steps between checkpoints; 0: by time, at most 1 % of it; also at the start and the end")
      .at_least(0);
  set.add("pictures-every", &o.pictures_every, "steps between grids of images; 0: at the end alone")
      .at_least(0);
  set.add("out", &o.out, "where checkpoint and metrics.jsonl go").placeholder("FOLDER");
  set.add("resume", &o.resume, "go on with the run in this folder, bit for bit")
      .placeholder("FOLDER")
      .command_line_only();
  set.add("quiet", &o.quiet, "print the results alone");
  set.add("dry-run", &o.dry_run, "print parameters, FLOP a step and memory, and stop")
      .command_line_only();
  set.group("Configuration");
  set.add_configuration();
  set.epilogue(
      "Examples\n"
      "  train --data book.txt --width 256 --layers 2 --dropout 0.2 --epochs 10 --out runs/book\n"
      "  train --data wiki.txt --tokens words --vocabulary 20000 --schedule cosine --steps 20000\n"
      "  train --preset char-small --data plays.txt\n"
      "  train --config runs/book/config.toml --seed 2 --out runs/book2\n"
      "  train --resume runs/book\n"
      "\n"
      "Exit codes: 0 done, 2 usage, 3 bad data, 4 bad checkpoint, 5 diverged, 6 out of memory,\n"
      "7 cannot write; after saving 129 hung up, 130 Ctrl-C, 141 nobody reads, 143 SIGTERM.");
  return set;
}

std::optional<TrainOptions> parse_train_options(
    int argc, const char* const* argv, std::ostream& out,
    FunctionRef<TrainOptions(const std::string& run)> options_of_run) {
  TrainOptions options;
  apply_presets(argc, argv, options);
  if (!train_option_set(options).parse(argc, argv, out)) return std::nullopt;
  if (options.resume.empty()) {
    check_together(options);
    check_model_options(options);
    return options;
  }
  if (!options.preset.empty())
    throw UsageError("--preset begins a run; --resume goes on with the options of one");

  const TrainOptions before = options_of_run(options.resume);
  TrainOptions resumed = before;
  OptionSet set = train_option_set(resumed);
  set.parse(argc, argv, out);
  if (set.at("epochs").given() && !set.at("steps").given()) resumed.steps = 0;
  check_resumable(before, resumed);
  check_together(resumed);
  return resumed;
}

std::string to_toml(const TrainOptions& options) {
  TrainOptions copy = options;
  return train_option_set(copy).to_toml();
}

TrainOptions train_options_from_toml(std::string_view toml, const std::string& name) {
  TrainOptions options;
  train_option_set(options).read_toml(toml, name);
  check_together(options);
  return options;
}

}  // namespace abax
