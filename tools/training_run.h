// One run of abax-train, from its options to its last line on the screen.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/parallel.h"
#include "core/graph/variables.h"
#include "models/schedules.h"
#include "tools/data/prefetch.h"
#include "tools/data/token_stream.h"
#include "tools/learner.h"
#include "tools/metrics.h"
#include "tools/options.h"
#include "tools/progress.h"
#include "tools/saved_run.h"
#include "tools/text_data.h"

namespace abax {

class TrainingRun {
 public:
  /// Reads the data (and the checkpoint of --resume or --init-from) and builds the plans.
  /// `program` is how train was called ("build/tools/train", "abax-train"): the hints name what to
  /// call next in the same way.
  TrainingRun(const TrainOptions& options, std::ostream& out, std::string program = "train");

  /// --dry-run: parameters, FLOP a step, memory.
  void describe();
  /// Trains, validates, saves, tests and writes a sample. Returns the exit code: 130 or 143 where
  /// a signal came, after the step was finished and saved. Throws DivergedError and what else goes
  /// wrong.
  int train();

 private:
  void begin_folder();
  std::int64_t choose_steps() const;
  void learn_step(data::Prefetch<data::Batch>& batches, Progress& progress);
  void validate(Progress& progress);
  void save();
  void report();
  void print_sample();
  void say(const std::string& line);
  std::string tool(std::string_view name) const;

  TrainOptions options_;
  std::ostream& out_;
  std::string program_;
  std::optional<SavedRun> resumed_;
  TextData data_;
  Variables store_;
  Workers workers_;
  std::optional<data::TokenStream> train_, valid_, test_;
  std::optional<Learner> learner_;
  LearningRateSchedule schedule_;
  std::filesystem::path folder_;
  std::optional<Metrics> metrics_;
  std::int64_t step_ = 0;      // updates done
  std::int64_t position_ = 0;  // batches consumed
  std::int64_t eval_every_ = 0;
  std::int64_t saved_step_ = -1;
  std::optional<double> valid_loss_;
};

}  // namespace abax
