// The fields of a run, and the way of its settings into checkpoints and back.
#include "tools/training/run_settings.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/registry.h"
#include "models/rewards/reward_training.h"
#include "tools/options/config_file.h"
#include "tools/tasks/tasks.h"

namespace abax {
namespace {

constexpr double most_steps = 1e12;  // of which no product overflows

std::vector<GivenValue> defaults_of(const ModelEntry& entry) {
  std::vector<GivenValue> defaults;
  for (const auto& [field, value] : entry.defaults)
    defaults.push_back(
        {field, FieldText{value}, str_cat("the default of --", field, " of ", entry.name)});
  return defaults;
}

/// What a new run of a model begins with.
RunSettings beginning(const ModelEntry& entry) {
  const ModelSettings model(entry.name);
  RunSettings s(model, task_entry(model).data);
  const std::vector<GivenValue> unread = assign(fields_of(s), defaults_of(entry));
  if (!unread.empty()) throw UsageError(str_cat(unread.front().place, ": nothing reads it"));
  return s;
}

/// Where a setting of the model chooses another task, that task's data as usual.
void follow_task(RunSettings& s) {
  const AnySettings& usual = task_entry(s.model).data;
  if (s.data.same_type(usual)) return;
  s.data = usual;
  assign([&s](Fields& f) { f.part(s.data); }, defaults_of(s.model.entry()));
}

/// Made once: a look at all that settings can be chooses models over and over.
const RunSettings& settings_of(std::string_view model) {
  static const std::vector<RunSettings> all = [] {
    std::vector<RunSettings> made;
    for (const ModelEntry& entry : model_entries()) made.push_back(beginning(entry));
    return made;
  }();
  const std::string& name = model_entry(model).name;
  return *std::ranges::find_if(all, [&](const RunSettings& s) { return s.model.name() == name; });
}

}  // namespace

void fields(Fields& f, TrainingSettings& s) {
  f("steps", s.steps, "updates to train for; 0: as --epochs says")
      .at_least(0)
      .at_most(most_steps)
      .resumable();
  f("epochs", s.epochs, "passes over the data to train on, instead of --steps")
      .at_least(0)
      .at_most(1e6)
      .resumable();
  f("accumulate", s.accumulate, "batches whose gradients make one update")
      .at_least(1)
      .at_most(1 << 20);
  f.part(s.rate);
  f.part(s.optimiser);
  f("init-from", s.init_from,
    "run whose best weights to start from, averaged where it averages; or one of its checkpoints")
      .placeholder("FOLDER");
  f("init-parts", s.init_parts,
    "which of its parameters, by the start of their names ('encoder/'); none: all");
  f.require(s.init_parts.empty() || !s.init_from.empty(),
            "--init-parts says what to take of a run: name it by --init-from");
  f("encoder-steps", s.encoder_steps,
    "batches for the encoder alone before each update, at most: until its loss stops falling "
    "(means "
    "of 10); 0: none")
      .at_least(0)
      .at_most(1 << 20)
      .opens(1);
  if (s.encoder_steps > 0)
    f("encoder-warmup", s.encoder_warmup,
      "updates, from the first on, that have such batches before")
        .at_least(1);
  f("freeze", s.freeze, "parameters that stay as they are, by the start of their names");
  f("seed", s.seed, "of the initial weights, dropout and the built-in corpus").at_least(0);
  f.require(s.steps == 0 || s.epochs == 0,
            "--steps and --epochs both say how long to train: give one of them");
  f.require(s.steps == 0 || s.rate.warmup <= s.steps,
            str_cat("--warmup: ", s.rate.warmup, " steps, but the training has only ", s.steps,
                    " (--steps)"));
}

void fields(Fields& f, RewardSettings& s) {
  f("reward", s.reward,
    "what training raises instead of lowering the loss, of sequences that the model draws: their "
    "BLEU, whether they are exact, or the probability that a classifier gives the line's class, 0 "
    "to 1 (choose a checkpoint by it, too: --best bleu); none: it lowers the loss")
      .one_of({"none", "bleu", "exact", "classifier"});
  if (s.reward == "none") return;
  if (s.reward == "classifier") {
    f("reward-classifier", s.classifier, "run of a classifier that knows the classes of the lines")
        .placeholder("FOLDER")
        .resumable();
    f.require(!s.classifier.empty(), "--reward classifier needs its run: --reward-classifier RUN");
  }
  f.part(s.objective);
}

void threads_field(Fields& f, std::int64_t& threads) {
  f("threads", threads, "0: as many as this process may use").at_least(0).at_most(1024).resumable();
}

void fields(Fields& f, WatchSettings& s) {
  threads_field(f, s.threads);
  f("eval-every", s.eval_every, "steps between validations; 0: ten in a run")
      .at_least(0)
      .resumable();
  f("best", s.best, "the validation's metric by which the best checkpoint is kept")
      .placeholder("METRIC");
  f("patience", s.patience, "stop after so many validations without a better one; 0: never")
      .at_least(0)
      .resumable();
  f("save-every", s.save_every,
    "steps between checkpoints; 0: by time, at most 1 % of it; also at the start and the end")
      .at_least(0)
      .resumable();
  f("out", s.out, "where checkpoints and metrics.jsonl go").placeholder("FOLDER").resumable();
  f("quiet", s.quiet, "print the results alone").resumable();
}

RunSettings::RunSettings(const ModelSettings& of_model, const AnySettings& of_data)
    : model(of_model), data(of_data) {}

RunSettings::RunSettings(std::string_view name) : RunSettings(settings_of(name)) {}

void fields(Fields& f, RunSettings& s) {
  f.group("Model");
  Words names;
  for (const ModelEntry& entry : model_entries()) names.push_back(entry.name);
  const auto get = [&s, names] {
    return static_cast<std::size_t>(std::ranges::find(names, s.model.name()) - names.begin());
  };
  const auto set = [&s, names](std::size_t i) {
    if (names.at(i) != s.model.name()) s = settings_of(names[i]);
  };
  f("model", Field::Choice{get, set},
    "which model; each has options of its own: --model NAME --help")
      .one_of(names)
      .placeholder("NAME");
  f.part(s.model);
  follow_task(s);
  f.group("Data");
  f.part(s.data);
  f.group("Training");
  f.part(s.training);
  if (takes_rewards(s.model)) {
    f.part(s.reward);
    f.require(s.reward.reward == "none" || s.training.encoder_steps == 0,
              "--encoder-steps trains the encoder by the loss, which --reward replaces");
  }
  f.group("Run");
  f.part(s.watch);
}

Scalars scheduled_scalars(const RunSettings& s, std::int64_t step, std::int64_t steps) {
  LearningRateSchedule rate = s.training.rate;
  rate.steps = steps;
  Scalars scalars{{"learning_rate", learning_rate(rate, step)}};
  if (const auto& schedule = s.model.entry().schedule)
    scalars.merge(schedule(s.model, step, steps));
  return scalars;
}

std::map<std::string, std::string> to_run_values(RunSettings s) {
  std::map<std::string, std::string> values = to_values(fields_of(s));
  values.erase("model");
  for (const auto& [name, value] : to_values([&s](Fields& f) { f.part(s.model); }))
    values.erase(name);
  return values;
}

RunSettings run_settings(const Checkpoint& checkpoint) try {
  RunSettings s(checkpoint.model);
  s.model = ModelSettings(checkpoint.model, checkpoint.settings, checkpoint.format);
  const Declare declare = fields_of(s);
  if (checkpoint.format > 1) {
    std::map<std::string, std::string> values = checkpoint.settings;
    for (const auto& [name, value] : checkpoint.values)
      if (!name.starts_with(state_prefix)) values[name] = value;
    from_values(declare, values, checkpoint.format);
    return s;
  }
  // Format 1 kept all options that there were as TOML, also those that the model did not read, and
  // spelt them as they are spelt now.
  std::map<std::string, std::string> values;
  for (const GivenValue& given : read_toml(checkpoint.configuration, "its configuration"))
    values[given.name] = to_text(given.value);
  if (const auto& upgrade = s.model.entry().upgrade) upgrade(values);
  if (values["corpus"].empty()) values.erase("corpus");
  from_values(declare, values, checkpoint.format);
  return s;
} catch (const UsageError& error) {
  throw CheckpointError(error.what());
}

void set_value(RunSettings& s, const std::string& field, FieldValue value) {
  if (!assign(fields_of(s), {{field, std::move(value), str_cat("--", field)}}).empty())
    throw UsageError(str_cat("--", field, " means nothing to ", s.model.name()));
}

std::string value_of(RunSettings s, const std::string& name) {
  Fields all;
  fields(all, s);
  const Field* field = all.find(name);
  if (!field) throw UsageError(str_cat("--", name, " means nothing to ", s.model.name()));
  return field->to_text();
}

std::string to_toml(RunSettings s) {
  Fields all;
  fields(all, s);
  return to_toml(all);
}

}  // namespace abax
