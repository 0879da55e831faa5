// The training loop and what stands around it.
#include "tools/training/training_run.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <limits>
#include <sstream>
#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/registry.h"
#include "tools/exit_codes.h"
#include "tools/options/config_file.h"
#include "tools/training/rewards.h"

namespace abax {
namespace {

constexpr std::int64_t default_steps = 2000;
constexpr std::size_t most_in_a_line = 5;  // of results at the end; more make a table

constexpr double rate_jump = 2;  // a rise of the learning rate by more is told

/// The learning rate of a step of a run of `steps`.
double rate_at(const RunSettings& s, std::int64_t step, std::int64_t steps) {
  return double{scheduled_scalars(s, step, steps).at("learning_rate")};
}

constexpr int older_kept = 2;  // checkpoints beside the newest one

/// The folder of a run that is gone on with; looking at it only needs no lock.
std::optional<RunFolder> reopened(const TrainCall& call) {
  if (call.resume.empty() || call.dry_run) return std::nullopt;
  return RunFolder::reopen(call.resume);
}

std::unique_ptr<Task> open_task(const RunSettings& s, const std::optional<SavedRun>& resumed) {
  if (resumed) {
    check_files(s, {"data", "valid", "test", "codes-of", "reward-classifier"},
                "name what holds the same by that option");
    return make_task(s, &resumed->files());
  }
  if (s.training.init_from.empty()) return make_task(s);
  const SavedRun source = open_run(s.training.init_from, Which::best);
  return make_task(s, &source.files());  // its tokens mean what they did there
}

/// Losses and their terms are better when low, all else (accuracy, BLEU, ELBO) when high.
bool lower_is_better(const std::string& metric) {
  const Words low{"loss",       "perplexity", "reconstruction",    "mse",
                  "commitment", "kl",         "bits_per_dimension"};
  return std::ranges::find(low, metric) != low.end();
}

/// Whether the ELBO is the loss with the other sign, but for rounding; people then read the ELBO.
bool elbo_says_loss(const Results& results, double loss) {
  const auto elbo = results.find("elbo");
  return elbo != results.end() && std::abs(elbo->second + loss) <= 1e-5 * std::abs(loss);
}

/// What is printed, by name; results are those of a part.
Results printed(Results results) {
  if (!results.empty() && elbo_says_loss(results, results.at("loss"))) results.erase("loss");
  return results;
}

/// A row a metric, a column a part that has results.
std::string results_table(const Results& valid, const Results& test) {
  std::ostringstream out;
  out << std::left << std::setw(24) << "" << std::right << std::setw(12)
      << (valid.empty() ? "" : "validation") << std::setw(12) << (test.empty() ? "" : "test")
      << '\n';
  Results all = test;
  all.insert(valid.begin(), valid.end());
  for (const auto& [name, value] : all) {
    out << std::left << std::setw(24) << name << std::right;
    for (const Results* part : {&valid, &test}) {
      const auto found = part->find(name);
      out << std::setw(12) << (found == part->end() ? "" : fixed_text(found->second, 4));
    }
    out << '\n';
  }
  return std::move(out).str();
}

}  // namespace

LearnerConfig learner_config(const TrainingSettings& s, const Task& task) {
  LearnerConfig config{.model = task.model(),
                       .optimiser = s.optimiser,
                       .train_shapes = task.source(Part::train)->shapes(),
                       .most_loss = task.most_loss(),
                       .accumulate = s.accumulate > 1,
                       .frozen = s.freeze,
                       .inner = s.encoder_steps > 0 ? "encoder/" : ""};
  for (const Part part : {Part::valid, Part::test})
    if (const data::BatchSource* source = task.source(part))
      for (const BatchShape& shape : source->shapes())
        if (std::ranges::find(config.check_shapes, shape) == config.check_shapes.end())
          config.check_shapes.push_back(shape);
  return config;
}

TrainingRun::TrainingRun(const TrainCall& call, std::ostream& out, std::string program)
    : call_(call),
      out_(out),
      program_(std::move(program)),
      folder_(reopened(call)),
      resumed_(call.resume.empty() ? std::nullopt : std::optional(open_run(call.resume))),
      task_(open_task(settings_, resumed_)),
      store_(static_cast<std::uint64_t>(settings_.training.seed)),
      workers_(static_cast<int>(settings_.watch.threads)) {
  TrainingSettings& training = settings_.training;
  const LearnerConfig learner = learner_config(training, *task_);
  if (settings_.reward.reward == "none")
    learner_.emplace(store_, learner, workers_);
  else
    rewards_.emplace(store_, reward_config(settings_, *task_, learner, workers_), workers_);
  if (!training.init_from.empty() && !resumed_)
    load_for_use(open_run(training.init_from, Which::best), store_, training.init_parts);
  if (resumed_) {
    resumed_->checkpoint.restore(store_);
    state_ = resumed_->state;
    saved_step_ = state_.step;
  }
  training.steps = choose_steps();
  training.epochs = 0;
  // Only now is known how many steps the passes take; a run of fewer could not be resumed.
  training.rate.warmup = std::min(training.rate.warmup, training.steps);
  eval_every_ = settings_.watch.eval_every > 0 ? settings_.watch.eval_every
                                               : std::max<std::int64_t>(1, training.steps / 10);
}

std::int64_t TrainingRun::choose_steps() const {
  if (settings_.training.steps > 0) return settings_.training.steps;
  if (settings_.training.epochs > 0)
    return std::max<std::int64_t>(
        1,
        static_cast<std::int64_t>(std::ceil(
            settings_.training.epochs * static_cast<double>(task_->source(Part::train)->batches()) /
            static_cast<double>(settings_.training.accumulate))));
  return default_steps;
}

void TrainingRun::say(const std::string& line) {
  if (!settings_.watch.quiet) out_ << line << '\n' << std::flush;
}

/// The path of another of the tools: they lie in one folder, with one prefix.
std::string TrainingRun::tool(std::string_view name) const {
  const auto at = program_.rfind("train");
  return at == std::string::npos ? std::string(name) : str_cat(program_.substr(0, at), name);
}

void TrainingRun::begin_folder() {
  if (!folder_) folder_.emplace(RunFolder::claim(settings_.watch.out, settings_.model.name()));
  settings_.watch.out = folder_->path().string();
  if (resumed_ && resumed_->place != checkpoint_path(folder_->path())) {
    if (!resumed_->skipped.empty()) say(resumed_->skipped);
    say(str_cat("the newest whole checkpoint is ", resumed_->place.string(), ", of step ",
                state_.step));
    copy_checkpoint(resumed_->place, checkpoint_path(folder_->path()), {.keep = older_kept});
  }
  if (resumed_)
    metrics_.emplace(folder_->path() / "metrics.jsonl", state_.step);
  else
    metrics_.emplace(folder_->path() / "metrics.jsonl");
  write_file_atomically(folder_->path() / "config.toml", to_toml(settings_));
  Fields all;
  fields(all, settings_);
  metrics_->header(settings_.training.seed, name_of(default_level()), workers_.threads(),
                   to_json(all));
}

void TrainingRun::prepare_model() {
  const ModelEntry& entry = task_->model().entry();
  if (!entry.prepare || resumed_) return;
  const TrainingSettings& training = settings_.training;
  if (!training.init_from.empty() && training.init_parts.empty())
    return entry.prepare(store_, task_->model(), {}, workers_);
  constexpr std::int64_t most_batches = 64;
  const data::BatchSource& source = *task_->source(Part::train);
  std::vector<data::Batch> batches;
  std::vector<BatchInputs> inputs;
  for (std::int64_t i = 0; i < std::min(most_batches, source.batches()); ++i)
    batches.push_back(source.make(i));
  for (const data::Batch& batch : batches) inputs.emplace_back(batch.inputs);
  entry.prepare(store_, task_->model(), inputs, workers_);
  if (training.init_parts.empty()) return;
  // What was taken of another run stays as it was there.
  load_for_use(open_run(training.init_from, Which::best), store_, training.init_parts);
  entry.prepare(store_, task_->model(), {}, workers_);
}

/// What a person who goes on with a run may not expect.
void TrainingRun::tell_resumed() {
  const std::int64_t steps = settings_.training.steps;
  if (state_.step >= steps)
    say(str_cat("nothing is left to train: step ", state_.step, " of ", steps,
                " is done; --steps N goes on"));
  else if (state_.step > 0) {
    const std::int64_t before = resumed_->settings.training.steps;
    const double was = rate_at(resumed_->settings, state_.step - 1, before);
    const double now = rate_at(settings_, state_.step, steps);
    if (now > rate_jump * was && state_.step >= settings_.training.rate.warmup)
      say(str_cat("the learning rate rises from ", was, " to ", now, ": --schedule ",
                  settings_.training.rate.shape, " runs over all steps, which were ", before,
                  " and are ", steps));
  }
}

/// What the run learns from must stay what it was: else it would not go on but start on other data.
void TrainingRun::check_data() {
  state_.data = fingerprints(*task_);
  if (const std::string& judge = settings_.reward.classifier;
      settings_.reward.reward == "classifier")
    state_.data["reward-classifier"] = open_run(judge, Which::best).checkpoint.hash();
  if (!resumed_) return;
  const std::string changed = changed_parts(resumed_->state.data, state_.data);
  if (!changed.empty())
    throw DataError(str_cat("the data is not what this run was trained on (", changed,
                            "): --resume goes on with the same data alone; bring it back, or start "
                            "a new run from its weights, by --init-from ",
                            call_.resume));
}

int TrainingRun::train() {
  check_data();
  {
    const InterruptGuard interrupt;
    begin_folder();
    prepare_model();
    save();
    writer_.finish();  // from here on the run can be gone on with, whatever happens
    for (const std::string& note : call_.notes) say(note);
    say(task_->description());
    say(str_cat(
        settings_.model.name(), ", ", count_text(static_cast<double>(learner().parameters())),
        " parameters; ", settings_.training.steps, " steps, ",
        fixed_text(static_cast<double>(settings_.training.steps * settings_.training.accumulate) /
                       static_cast<double>(task_->source(Part::train)->batches()),
                   1),
        " passes, on ", workers_.threads(), workers_.threads() == 1 ? " thread" : " threads", ", ",
        name_of(default_level()), resumed_ ? str_cat("; going on after step ", state_.step) : ""));
    if (resumed_) tell_resumed();
    learn(interrupt);
    save();
    writer_.finish();
    if (interrupt.came()) {
      say(str_cat("stopped after step ", state_.step, " and saved; go on with: ", tool("train"),
                  " --resume ", folder_->path().string()));
      return interrupt.exit_code();
    }
  }
  report();
  return exit_ok;
}

Evaluation TrainingRun::learn(const data::Batch& batch, const Scalars& scalars) {
  return rewards_ ? rewards_->learn(batch, scalars) : learner_->learn(batch, scalars);
}

void TrainingRun::learn(const InterruptGuard& interrupt) {
  data::Prefetch<data::Batch> batches(
      [this](std::int64_t position, data::Batch& batch) {
        task_->source(Part::train)->fill(position, batch);
      },
      {}, {}, state_.position);
  const int columns = is_terminal(1) ? terminal_columns(1) : 0;
  Progress progress(out_, state_.step, settings_.training.steps,
                    {.bar = has_room_for_bar(std::getenv("TERM"), columns),
                     .columns = columns,
                     .quiet = settings_.watch.quiet,
                     .perplexity = !rewards_ && task_->has_perplexity(),
                     .unit = unit() + "s"});
  const bool validates = task_->source(Part::valid) != nullptr;
  while (state_.step < settings_.training.steps && !interrupt.came() && !out_of_patience()) {
    learn_step(batches, progress);
    if (validates && (state_.step % eval_every_ == 0 || state_.step == settings_.training.steps))
      validate(progress);
    if (task_->pictures_every() > 0 && state_.step % task_->pictures_every() == 0) {
      const AveragedParameters averaged(store_);
      draw(str_cat("-", state_.step));
      progress.skip_time();
    }
    if (save_is_due()) {
      save();
      progress.skip_time();
    }
  }
  if (out_of_patience())
    progress.note(str_cat("stopped early: no better ", settings_.watch.best, " in ",
                          settings_.watch.patience, " validations"));
}

std::int64_t TrainingRun::learn_encoder(data::Prefetch<data::Batch>& batches,
                                        const Scalars& scalars) {
  if (state_.step >= settings_.training.encoder_warmup) return 0;
  constexpr std::int64_t window = 10;  // of He et al. 2019
  double before = std::numeric_limits<double>::infinity(), now = 0;
  for (std::int64_t i = 1; i <= settings_.training.encoder_steps; ++i) {
    now += learner().learn_inner(batches.next(), scalars).loss.mean();
    if (i % window != 0) continue;
    if (now >= before) return i;
    before = std::exchange(now, 0);
  }
  return settings_.training.encoder_steps;
}

void TrainingRun::learn_step(data::Prefetch<data::Batch>& batches, Progress& progress) {
  const Scalars scalars = scheduled_scalars(settings_, state_.step, settings_.training.steps);
  const std::int64_t of_encoder = learn_encoder(batches, scalars);
  Evaluation results;
  for (std::int64_t i = 0; i < settings_.training.accumulate; ++i)
    results.add(learn(batches.next(), scalars));
  if (settings_.training.accumulate > 1) learner().apply(scalars);
  state_.position = batches.position();
  ++state_.step;
  Results figures;
  for (const auto& [name, tally] : results.metrics) figures[name] = tally.mean();
  Json::Object line{{"step", state_.step}, {"loss", results.loss.mean()}};
  for (const auto& [name, value] : figures) line.emplace_back(name, value);
  for (const auto& [name, value] : scalars) line.emplace_back(name, double{value});
  // The screen shows the schedules of a model's own that change at all.
  const Scalars first = scheduled_scalars(settings_, 0, settings_.training.steps);
  const Scalars last =
      scheduled_scalars(settings_, settings_.training.steps - 1, settings_.training.steps);
  for (const auto& [name, value] : scalars)
    if (name != "learning_rate" && first.at(name) != last.at(name)) figures[name] = double{value};
  const double loss = results.loss.mean();
  progress.step(state_.step, loss, results.loss.count, figures, !elbo_says_loss(figures, loss));
  line.emplace_back("gradient_norm", learner().gradient_norm());
  if (of_encoder > 0) line.emplace_back("encoder_batches", of_encoder);
  line.emplace_back(unit() + "s_per_second", progress.rate());
  metrics_->write(std::move(line));
}

Results TrainingRun::evaluate(Part part) {
  const Evaluation evaluation = learner().evaluate(*task_->source(part));
  // Before the end only what chooses the best checkpoint is worth the time.
  const ScoreOptions wanted{.wanted = part == Part::test ? "" : settings_.watch.best};
  Results results = task_->score(part, store_, workers_, wanted);
  results.merge(task_->results(evaluation));
  return results;
}

/// "loss 1.2345 nats a token, perplexity 3.44, accuracy 0.612"; brief: the first of them alone.
std::string TrainingRun::written(const Results& results, Part part, bool brief) const {
  const std::string first = printed(results).contains("loss") ? "loss" : "elbo";
  std::string line = str_cat(first, " ", fixed_text(results.at(first), 4), " ", task_->loss_unit());
  if (const auto found = results.find("perplexity"); found != results.end())
    line += str_cat(", perplexity ", fixed_text(found->second, 2));
  for (const auto& [name, value] : printed(results))
    if (!brief && name != first && name != "perplexity")
      line += str_cat(", ", name, " ", fixed_text(value, 4));
  if (const std::optional<double> optimum = task_->optimum(part))
    line += str_cat("; the source itself has ", fixed_text(*optimum, 4), ", so ",
                    fixed_text(results.at("loss") - *optimum, 4), " is left to learn");
  return line;
}

bool TrainingRun::is_better(double value) const {
  if (std::isnan(value)) return false;
  if (!state_.best || std::isnan(*state_.best)) return true;
  return lower_is_better(settings_.watch.best) ? value < *state_.best : value > *state_.best;
}

bool TrainingRun::out_of_patience() const {
  return settings_.watch.patience > 0 && state_.since_best >= settings_.watch.patience;
}

void TrainingRun::validate(Progress& progress) {
  const AveragedParameters averaged(store_);
  const Results results = evaluate(Part::valid);
  const auto chosen = results.find(settings_.watch.best);
  if (chosen == results.end()) {
    std::string known;
    for (const auto& [name, value] : results) known += " " + name;
    throw UsageError(
        str_cat("--best: validation has no metric '", settings_.watch.best, "'; it has", known));
  }
  const bool better = is_better(chosen->second);
  state_.since_best = better ? 0 : state_.since_best + 1;
  if (better) {
    state_.best = chosen->second;
    state_.best_results = results;
  }
  progress.note(str_cat("step ", state_.step, ": validation ", written(results, Part::train)));
  Json::Object line{{"step", state_.step}};
  for (const auto& [name, value] : results) line.emplace_back("valid_" + name, value);
  metrics_->write(std::move(line));
  if (better) {
    // The file holds the parameters as they are trained, beside their averages.
    const AveragedParameters back(store_);
    save(true);
  }
  progress.skip_time();
}

bool TrainingRun::save_is_due() {
  return settings_.watch.save_every > 0 ? state_.step % settings_.watch.save_every == 0
                                        : writer_.due();
}

void TrainingRun::save(bool best) {
  if (saved_step_ == state_.step) return;
  writer_.finish();  // one copy of the variables at a time
  writer_.begin([checkpoint = checkpoint_of(settings_, *task_, state_),
                 store = std::shared_ptr<const Variables>(copy_of(store_)), run = folder_->path(),
                 best] {
    const std::filesystem::path newest = checkpoint_path(run);
    if (!best) return save_checkpoint(newest, checkpoint, *store, {.keep = older_kept});
    save_checkpoint(best_path(run), checkpoint, *store);
    copy_checkpoint(best_path(run), newest, {.keep = older_kept});
  });
  saved_step_ = state_.step;
}

void TrainingRun::draw(const std::string& suffix) {
  for (const std::filesystem::path& path : task_->draw(folder_->path(), suffix, store_, workers_))
    if (suffix.empty()) say(str_cat("drawn in ", path.string()));
}

void TrainingRun::report() {
  // From here on the model is the best one of the run, and so are the results of its validation.
  Results valid;
  if (path_exists(best_path(folder_->path()))) {
    const SavedRun best = open_run(folder_->path(), Which::best);
    best.checkpoint.restore(store_);
    valid = best.state.best_results;
    if (best.state.step != state_.step)
      say(str_cat("the best validation was at step ", best.state.step));
  }
  const AveragedParameters averaged(store_);
  // A run whose validations gave no number has no best one.
  if (valid.empty() && task_->source(Part::valid)) valid = evaluate(Part::valid);
  const Results test = task_->source(Part::test) ? evaluate(Part::test) : Results();
  const bool table = std::max(printed(valid).size(), printed(test).size()) > most_in_a_line;
  if (!valid.empty()) out_ << "validation " << written(valid, Part::valid, table) << '\n';
  if (!test.empty()) {
    out_ << "test       " << written(test, Part::test, table) << '\n';
    Json::Object line{{"step", state_.step}};
    for (const auto& [name, value] : test) line.emplace_back("test_" + name, value);
    metrics_->write(std::move(line));
  }
  if (table) out_ << results_table(printed(valid), printed(test));
  if (!settings_.watch.quiet) task_->show(out_, store_, workers_);
  draw("");
  say(str_cat("\nsaved in ", folder_->path().string(), "\nnext:"));
  for (const std::string& arguments : task_->next_commands(folder_->path().string()))
    say(str_cat("  ", tool(arguments.substr(0, arguments.find(' '))),
                arguments.substr(arguments.find(' '))));
  const std::int64_t done = std::max(state_.step, settings_.training.steps);
  const double again = rate_at(settings_, done, 2 * done);
  const bool rises = again > rate_jump * rate_at(settings_, done - 1, settings_.training.steps);
  say(str_cat("  ", tool("train"), " --resume ", folder_->path().string(), " --steps ", 2 * done,
              rises ? str_cat("   # the learning rate rises again, to ", again) : ""));
}

}  // namespace abax
