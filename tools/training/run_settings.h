// All that a run of train is told: its model, its data, how it trains, how it is watched.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/io/checkpoint.h"
#include "models/model.h"
#include "models/model_settings.h"
#include "models/rewards/reward_objective.h"
#include "models/settings/values.h"
#include "models/training/optimiser.h"
#include "models/training/schedules.h"

namespace abax {

struct TrainingSettings {
  std::int64_t steps = 0;  // 0: as many as `epochs` take
  double epochs = 0;       // 0: as `steps` say; both 0: the default of the tool
  std::int64_t accumulate = 1;
  OptimiserConfig optimiser{.clip = 1};
  LearningRateSchedule rate{.shape = "cosine", .peak = 0.004f};
  std::string init_from;               // a checkpoint whose weights to start from
  Words init_parts;                    // beginnings of the names of those that are taken; none: all
  std::int64_t encoder_steps = 0;      // most batches for the encoder alone before each update
  std::int64_t encoder_warmup = 1000;  // in so many updates from the first on
  Words freeze;           // beginnings of the names of parameters that stay as they are
  std::int64_t seed = 1;  // of the initial weights, dropout, the built-in corpus
};
void fields(Fields& f, TrainingSettings& s);

/// What a model that writes sequences is trained on in the place of its loss.
struct RewardSettings {
  std::string reward = "none";  // of a drawn sequence: bleu, exact, classifier
  std::string classifier;       // its run
  RewardObjective objective;
};
void fields(Fields& f, RewardSettings& s);

/// How a run is watched, and where it goes.
struct WatchSettings {
  std::int64_t threads = 0;     // 0: as many as this process may use
  std::string out;              // folder; "": the tool chooses one
  std::int64_t eval_every = 0;  // steps; 0: the tool chooses
  std::string best = "loss";    // the metric whose best checkpoint is kept
  std::int64_t patience = 0;    // validations without a better one before it stops; 0: no end
  std::int64_t save_every = 0;  // steps; 0: the tool chooses
  bool quiet = false;
};
void fields(Fields& f, WatchSettings& s);

/// What a tool's number of threads is called, and means.
void threads_field(Fields& f, std::int64_t& threads);

struct RunSettings {
  /// With the defaults of the model and its task. Throws UsageError on an unknown one.
  explicit RunSettings(std::string_view model = "lstm_lm");
  /// With these, and all else as usual.
  RunSettings(const ModelSettings& of_model, const AnySettings& of_data);

  ModelSettings model;
  AnySettings data;  // of the task that the model's settings choose
  TrainingSettings training;
  RewardSettings reward;  // of models that write sequences
  WatchSettings watch;

  /// The struct of the task's data settings.
  template <class S>
  const S& data_as() const {
    return *data.get<S>();
  }
  template <class S>
  S& data_as() {
    return *data.get<S>();
  }
};
/// A model that is chosen here brings its defaults and those of its task; a setting of the model
/// that chooses another task (--condition) brings the data settings of that one.
void fields(Fields& f, RunSettings& s);

/// What the schedules say of a step, counted from 0, of a run of `steps`: the learning rate, and
/// those of the model.
Scalars scheduled_scalars(const RunSettings& settings, std::int64_t step, std::int64_t steps);

/// The fields of settings, which the function keeps alive by reference.
inline Declare fields_of(RunSettings& s) {
  return [&s](Fields& f) { fields(f, s); };
}

/// What a checkpoint's values keep of them: all but the model's own, which are its settings.
std::map<std::string, std::string> to_run_values(RunSettings settings);
/// Values of a checkpoint that begin so are the state of a run, no settings.
constexpr std::string_view state_prefix = "state.";
/// Those of a checkpoint. Throws CheckpointError on what is refused.
RunSettings run_settings(const Checkpoint& checkpoint);

/// The field of that name, set or as text. They throw UsageError where the run reads none.
void set_value(RunSettings& settings, const std::string& field, FieldValue value);
std::string value_of(RunSettings settings, const std::string& field);

/// As a configuration file.
std::string to_toml(RunSettings settings);

}  // namespace abax
