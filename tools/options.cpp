// The options of tools/train; see options.h.
#include "tools/options.h"

#include <algorithm>
#include <ostream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/json.h"

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
}

/// What may differ when a run goes on; all else would make it another run.
const Words resumable{"steps",   "epochs", "lr",         "schedule",   "warmup", "clip",
                      "threads", "out",    "eval-every", "save-every", "quiet"};

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

OptionSet train_option_set(TrainOptions& o) {
  OptionSet set("train",
                "Trains a model. Without options: a small LSTM language model on a built-in corpus "
                "whose exact entropy is known, in under a minute.");
  set.group("Data");
  set.add("data", &o.data, "UTF-8 text to train on; without it the built-in corpus")
      .placeholder("FILE");
  set.add("valid", &o.valid, "text for validation, instead of a share of --data")
      .placeholder("FILE");
  set.add("test", &o.test, "text for the test after training, likewise").placeholder("FILE");
  set.add("split", &o.split, "shares of --data for training, validation and test").at_least(0);
  set.add("tokens", &o.tokens, "what a token is").one_of({"bytes", "characters", "words"});
  set.add("vocabulary", &o.vocabulary,
          "the most frequent so many tokens are known, <unk> stands for the others")
      .at_least(2)
      .at_most(1 << 24);

  set.group("Model");
  set.add("model", &o.model, "which model").placeholder("NAME");
  set.add("width", &o.width, "units a layer, and of the embedding").at_least(1).at_most(1 << 16);
  set.add("layers", &o.layers, "layers").at_least(1).at_most(1000);
  set.add("dropout", &o.dropout, "share of the activations dropped while training")
      .at_least(0)
      .below(1);
  set.add("tied", &o.tied, "the output layer shares the embedding's matrix");
  set.add("init-from", &o.init_from, "checkpoint whose weights to start from")
      .placeholder("FOLDER");
  set.add("freeze", &o.freeze, "parameters that stay as they are, by the start of their names");

  set.group("Training");
  set.add("steps", &o.steps, "updates to train for; 0: as --epochs says").at_least(0);
  set.add("epochs", &o.epochs, "passes over the training text, instead of --steps").at_least(0);
  set.add("batch", &o.batch, "sequences a batch").at_least(1).at_most(1 << 20);
  set.add("length", &o.length, "tokens a sequence, the reach of backpropagation")
      .at_least(1)
      .at_most(1 << 20);
  set.add("accumulate", &o.accumulate, "batches whose gradients make one update")
      .at_least(1)
      .at_most(1 << 20);
  set.add("optimiser", &o.optimiser, "how gradients become updates")
      .one_of({"sgd", "adam", "adamw"})
      .alias("optimizer");
  set.add("lr", &o.lr, "learning rate").above(0);
  set.add("schedule", &o.schedule, "the learning rate's course after the warm-up, down to 0")
      .one_of({"constant", "cosine", "linear"});
  set.add("warmup", &o.warmup, "steps in which the learning rate rises from 0").at_least(0);
  set.add("clip", &o.clip, "largest global norm of a gradient; 0: no limit").at_least(0);
  set.add("weight-decay", &o.weight_decay, "pull of the weights towards 0 (not of biases)")
      .at_least(0);
  set.add("momentum", &o.momentum, "share of its last step that sgd keeps").at_least(0).below(1);
  set.add("seed", &o.seed, "of the initial weights, dropout and the built-in corpus").at_least(0);

  set.group("Run");
  set.add("threads", &o.threads, "0: as many as this process may use").at_least(0).at_most(1024);
  set.add("eval-every", &o.eval_every, "steps between validations; 0: ten in a run").at_least(0);
  set.add("save-every", &o.save_every, "steps between checkpoints; 0: one at the end").at_least(0);
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
      "  train --config runs/book/config.toml --seed 2 --out runs/book2\n"
      "  train --resume runs/book\n"
      "\n"
      "Exit codes: 0 done, 2 usage, 3 bad data, 4 bad checkpoint, 5 diverged, 6 out of memory,\n"
      "7 cannot write, 130 and 143 stopped by Ctrl-C or SIGTERM after saving.");
  return set;
}

std::optional<TrainOptions> parse_train_options(
    int argc, const char* const* argv, std::ostream& out,
    FunctionRef<TrainOptions(const std::string& run)> options_of_run) {
  TrainOptions options;
  if (!train_option_set(options).parse(argc, argv, out)) return std::nullopt;
  check_together(options);
  if (options.resume.empty()) return options;

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
