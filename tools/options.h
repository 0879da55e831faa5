// The options of tools/train, with their defaults, limits and help.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/function_ref.h"
#include "tools/option_set.h"

namespace abax {

/// What --steps, --tokens and so on set. Names are those of the options, with _ for -.
struct TrainOptions {
  // Data
  std::string data;   // a UTF-8 text file; "" is the built-in corpus
  std::string valid;  // files of their own instead of a share of `data`
  std::string test;
  Numbers split = {90, 5, 5};         // shares of `data`: train, valid, test
  std::string tokens = "characters";  // bytes, characters or words
  std::int64_t vocabulary = 10000;    // at most so many tokens, <unk> included

  // Model
  std::string model = "lstm_lm";
  std::int64_t width = 128;
  std::int64_t layers = 1;
  double dropout = 0;
  bool tied = false;      // the output shares the embedding's matrix
  std::string init_from;  // a checkpoint whose weights to start from
  Words freeze;           // prefixes of the parameters that stay as they are

  // Training
  std::int64_t steps = 0;          // 0: as many as `epochs` take
  double epochs = 0;               // 0: as `steps` say; both 0: the default of the tool
  std::int64_t batch = 20;         // sequences a step
  std::int64_t length = 35;        // tokens a sequence
  std::int64_t accumulate = 1;     // batches whose gradients make one update
  std::string optimiser = "adam";  // sgd, adam, adamw
  double lr = 0.004;
  std::string schedule = "cosine";  // constant, cosine, linear: to 0 at the last step
  std::int64_t warmup = 0;          // steps
  double clip = 1;                  // global norm of the gradient; 0: no clipping
  double weight_decay = 0;
  double momentum = 0;  // of sgd
  std::int64_t seed = 1;

  // Run
  std::int64_t threads = 0;     // 0: as many as this process may use
  std::string out;              // folder; "": the tool chooses one
  std::string resume;           // the folder of a run to go on with
  std::int64_t eval_every = 0;  // steps; 0: the tool chooses
  std::int64_t save_every = 0;  // steps; 0: at the end alone
  bool dry_run = false;         // parameters, FLOP a step, memory; trains nothing
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
