// One run of abax-train, from its options to its last line on the screen.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/parallel.h"
#include "core/graph/variables.h"
#include "models/data/prefetch.h"
#include "models/training/learner.h"
#include "models/training/schedules.h"
#include "tools/saved_run.h"
#include "tools/tasks/tasks.h"
#include "tools/training/checkpoint_writer.h"
#include "tools/training/interrupt.h"
#include "tools/training/metrics.h"
#include "tools/training/progress.h"
#include "tools/training/run_folder.h"
#include "tools/training/train_call.h"

namespace abax {

/// What train and the benchmarks make of settings: the learner's configuration for a task.
LearnerConfig learner_config(const TrainingSettings& settings, const Task& task);

class TrainingRun {
 public:
  /// Reads the data (and the checkpoint of --resume or --init-from) and builds the plans.
  /// `program` is how train was called ("build/tools/train", "abax-train"): the hints name what to
  /// call next in the same way.
  TrainingRun(const TrainCall& call, std::ostream& out, std::string program = "train");

  /// --dry-run: parameters, FLOP, time and memory, by a rehearsal of the run that leaves no trace.
  void describe();
  /// Trains, validates, saves, tests and shows results. Returns the exit code: that of
  /// InterruptGuard where a signal came, after the step was finished and saved. Throws
  /// DivergedError and what else goes wrong.
  int train();

 private:
  double rehearse();
  void check_data();
  void begin_folder();
  void tell_resumed();
  /// What a new model looks at before its first step, such as where its codebooks start.
  void prepare_model();
  std::int64_t choose_steps() const;
  /// Steps until the end, or until the interrupt came.
  void learn(const InterruptGuard& interrupt);
  void learn_step(data::Prefetch<data::Batch>& batches, Progress& progress);
  /// What the encoder learns alone before a step; gives the number of batches.
  std::int64_t learn_encoder(data::Prefetch<data::Batch>& batches, const Scalars& scalars);
  Results evaluate(Part part);
  void validate(Progress& progress);
  bool is_better(double value) const;
  bool out_of_patience() const;
  /// Whether --save-every, or without it the clock, asks for a checkpoint now.
  bool save_is_due();
  /// Begins to write a checkpoint, unless this step has one: `last`, and `best` if it is that.
  void save(bool best = false);
  void draw(const std::string& suffix);
  void report();
  std::string written(const Results& results, Part part, bool brief = false) const;
  void say(const std::string& line);
  std::string tool(std::string_view name) const;

  TrainCall call_;
  RunSettings& settings_ = call_.settings;
  std::ostream& out_;
  std::string program_;
  std::optional<RunFolder> folder_;  // of a resumed run before it is read
  std::optional<SavedRun> resumed_;
  std::unique_ptr<Task> task_;
  Variables store_;
  Workers workers_;
  std::optional<Learner> learner_;
  std::optional<Metrics> metrics_;
  RunState state_;
  std::int64_t eval_every_ = 0;
  std::int64_t saved_step_ = -1;
  CheckpointWriter writer_;
};

}  // namespace abax
