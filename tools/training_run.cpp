// The training loop and what stands around it.
#include "tools/training_run.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/generator.h"
#include "models/sampling.h"
#include "tools/exit_codes.h"
#include "tools/interrupt.h"
#include "tools/resident_memory.h"

namespace abax {
namespace {

constexpr std::int64_t default_steps = 2000;
constexpr std::int64_t sample_tokens = 300;

/// "1.234", with so many digits behind the point.
std::string fixed(double number, int digits) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << number;
  return std::move(out).str();
}

LearnerConfig learner_config(const TrainOptions& o, std::int64_t vocabulary) {
  const BatchShape shape{.batch = o.batch, .length = o.length};
  return {.model = o.model,
          .sizes = model_config(o, vocabulary),
          .optimiser = {.name = o.optimiser,
                        .momentum = o.momentum,
                        .weight_decay = o.weight_decay,
                        .clip = o.clip},
          .train_shapes = {shape},
          .check_shapes = {shape},
          .accumulate = o.accumulate > 1,
          .frozen = o.freeze};
}

/// The first of runs/lstm_lm-1, -2, ... that does not exist.
std::string fresh_folder(const std::string& model) {
  for (int i = 1;; ++i)
    if (std::string path = text("runs/", model, "-", i); !std::filesystem::exists(path))
      return path;
}

std::optional<data::TokenStream> stream_of(const std::vector<std::int32_t>& tokens,
                                           const TrainOptions& o) {
  if (tokens.size() < 2) return std::nullopt;
  return data::TokenStream(tokens, o.batch, o.length);
}

}  // namespace

TrainingRun::TrainingRun(const TrainOptions& options, std::ostream& out, std::string program)
    : options_(options),
      out_(out),
      program_(std::move(program)),
      resumed_(options.resume.empty() ? std::nullopt : std::optional(open_run(options.resume))),
      data_(load_text_data(options, resumed_ ? &resumed_->tokenizer : nullptr)),
      store_(static_cast<std::uint64_t>(options.seed)),
      workers_(static_cast<int>(options.threads)),
      train_(stream_of(data_.train, options)),
      valid_(stream_of(data_.valid, options)),
      test_(stream_of(data_.test, options)) {
  if (!train_) throw DataError("the training text has fewer than two tokens");
  if (!options_.init_from.empty()) {
    const SavedRun source = open_run(options_.init_from);
    data_ = load_text_data(options_, &source.tokenizer);  // its tokens mean what they did there
    train_ = stream_of(data_.train, options_);
    valid_ = stream_of(data_.valid, options_);
    test_ = stream_of(data_.test, options_);
    learner_.emplace(store_, learner_config(options_, data_.tokenizer.vocabulary()), workers_);
    load_parameters(source.checkpoint.variables(), store_);
  } else {
    learner_.emplace(store_, learner_config(options_, data_.tokenizer.vocabulary()), workers_);
  }
  if (resumed_) {
    resumed_->checkpoint.restore(store_);
    step_ = saved_step_ = resumed_->checkpoint.contents().step;
    position_ = resumed_->checkpoint.contents().data_position;
  }
  options_.steps = choose_steps();
  options_.epochs = 0;
  eval_every_ = options_.eval_every > 0 ? options_.eval_every
                                        : std::max<std::int64_t>(1, options_.steps / 10);
  schedule_ = {.shape = options_.schedule,
               .peak = static_cast<float>(options_.lr),
               .warmup = options_.warmup,
               .steps = options_.steps};
}

std::int64_t TrainingRun::choose_steps() const {
  if (options_.steps > 0) return options_.steps;
  if (options_.epochs > 0)
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(
                                         options_.epochs * static_cast<double>(train_->batches()) /
                                         static_cast<double>(options_.accumulate))));
  return default_steps;
}

void TrainingRun::say(const std::string& line) {
  if (!options_.quiet) out_ << line << '\n' << std::flush;
}

/// The path of another of the tools: they lie in one folder, with one prefix.
std::string TrainingRun::tool(std::string_view name) const {
  const auto at = program_.rfind("train");
  return at == std::string::npos ? std::string(name) : text(program_.substr(0, at), name);
}

void TrainingRun::describe() {
  // What the plans take is claimed at their first runs: training, and at the end the sample's.
  const Generator generator(store_, options_.model,
                            model_config(options_, data_.tokenizer.vocabulary()), workers_);
  const std::size_t workspace = learner_->workspace_bytes() + generator.workspace_bytes();
  const std::size_t memory = resident_memory() + workspace;
  out_ << "data         " << data_.description << "\nmodel        " << options_.model << ", "
       << count_text(static_cast<double>(learner_->parameters())) << " parameters ("
       << learner_->parameters() << ")\nstep         "
       << count_text(learner_->step_flops() * static_cast<double>(options_.accumulate)) << " FLOP, "
       << options_.batch * options_.length * options_.accumulate << " tokens\nsteps        "
       << options_.steps << " ("
       << fixed(static_cast<double>(options_.steps * options_.accumulate) /
                    static_cast<double>(train_->batches()),
                2)
       << " passes over the data)\nthreads      " << workers_.threads() << ", "
       << name_of(default_level()) << "\nmemory       "
       << fixed(static_cast<double>(memory) / 0x1p20, 1) << " MiB, of which workspace "
       << fixed(static_cast<double>(workspace) / 0x1p20, 1) << " MiB\n";
}

void TrainingRun::begin_folder() {
  if (!options_.resume.empty())
    folder_ = options_.resume;
  else
    folder_ = options_.out.empty() ? fresh_folder(options_.model) : options_.out;
  options_.out = folder_.string();
  if (!resumed_ && std::filesystem::exists(checkpoint_path(folder_)))
    throw UsageError(
        text("--out: ", folder_.string(),
             " holds a run already; go on with it by --resume, or choose another folder"));
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error)
    throw DiskError(text("cannot make the folder ", folder_.string(), ": ", error.message()));
  if (resumed_)
    metrics_.emplace(folder_ / "metrics.jsonl", step_);
  else
    metrics_.emplace(folder_ / "metrics.jsonl");
  write_file_atomically(folder_ / "config.toml", to_toml(options_));
  metrics_->header(options_.seed, name_of(default_level()), workers_.threads(),
                   train_option_set(options_));
}

int TrainingRun::train() {
  begin_folder();
  say(data_.description);
  say(text(options_.model, ", ", count_text(static_cast<double>(learner_->parameters())),
           " parameters; ", options_.steps, " steps of ",
           options_.batch * options_.length * options_.accumulate, " tokens on ",
           workers_.threads(), workers_.threads() == 1 ? " thread" : " threads", ", ",
           name_of(default_level()), resumed_ ? text("; going on after step ", step_) : ""));
  int exit_code = exit_ok;
  {
    const InterruptGuard interrupt;
    data::Prefetch<data::Batch> batches(
        [this](std::int64_t position, data::Batch& batch) { train_->fill(position, batch); },
        train_->make(0), train_->make(0), position_);
    Progress progress(out_, step_, options_.steps,
                      {.bar = is_terminal(1) && !options_.quiet,
                       .columns = terminal_columns(1),
                       .quiet = options_.quiet,
                       .unit = "tokens"});
    while (step_ < options_.steps && !interrupt.came()) {
      learn_step(batches, progress);
      if (valid_ && (step_ % eval_every_ == 0 || step_ == options_.steps)) validate(progress);
      if (options_.save_every > 0 && step_ % options_.save_every == 0) {
        save();
        progress.skip_time();
      }
    }
    progress.finish();
    exit_code = interrupt.exit_code();
    save();
  }
  if (exit_code != exit_ok) {
    say(text("stopped after step ", step_, " and saved; go on with: ", tool("train"), " --resume ",
             folder_.string()));
    return exit_code;
  }
  report();
  return exit_ok;
}

void TrainingRun::learn_step(data::Prefetch<data::Batch>& batches, Progress& progress) {
  const float rate = learning_rate(schedule_, step_);
  Tally loss;
  for (std::int64_t i = 0; i < options_.accumulate; ++i) {
    const Tally batch = learner_->learn(batches.next(), rate);
    loss.sum += batch.sum;
    loss.count += batch.count;
  }
  if (options_.accumulate > 1) learner_->apply(rate);
  position_ = batches.position();
  ++step_;
  progress.step(step_, loss.mean(), loss.count);
  metrics_->write({{"step", step_},
                   {"loss", loss.mean()},
                   {"learning_rate", double{rate}},
                   {"gradient_norm", learner_->gradient_norm()},
                   {"tokens_per_second", progress.rate()}});
}

void TrainingRun::validate(Progress& progress) {
  valid_loss_ = learner_->evaluate(*valid_).loss.mean();
  progress.note(text("step ", step_, ": validation loss ", fixed(*valid_loss_, 4),
                     " nats a token, perplexity ", fixed(std::exp(*valid_loss_), 2)));
  progress.skip_time();
  metrics_->write({{"step", step_}, {"valid_loss", *valid_loss_}});
}

void TrainingRun::save() {
  if (saved_step_ == step_) return;
  save_run(folder_, options_, data_.tokenizer, step_, position_, store_);
  saved_step_ = step_;
}

void TrainingRun::report() {
  const auto line = [&](std::string_view what, double loss, const std::optional<double>& optimum) {
    out_ << what << " loss " << fixed(loss, 4) << " nats a token, perplexity "
         << fixed(std::exp(loss), 2);
    if (optimum)
      out_ << "; the source itself has " << fixed(*optimum, 4) << ", so "
           << fixed(loss - *optimum, 4) << " is left to learn";
    out_ << '\n';
  };
  if (valid_loss_) line("validation", *valid_loss_, data_.valid_optimum);
  if (test_) {
    const double loss = learner_->evaluate(*test_).loss.mean();
    line("test      ", loss, data_.test_optimum);
    metrics_->write({{"step", step_}, {"test_loss", loss}});
  }
  print_sample();
  say(text("\nsaved in ", folder_.string(), "\nnext:\n  ", tool("generate"), " --checkpoint ",
           folder_.string(), " --temperature 0.7\n  ", tool("train"), " --resume ",
           folder_.string(), " --steps ", 2 * options_.steps));
  if (options_.data.empty())
    say(text("  ", tool("train"), " --data YOUR.txt --width 256 --layers 2 --epochs 3"));
}

void TrainingRun::print_sample() {
  if (options_.quiet) return;
  Generator generator(store_, options_.model, model_config(options_, data_.tokenizer.vocabulary()),
                      workers_);
  Sampler sampler({.temperature = 0.8f});
  Random random(stream_key(static_cast<std::uint64_t>(options_.seed), "train", "sample"));
  std::vector<std::int32_t> tokens = data_.tokenizer.encode("\n");
  std::vector<std::int32_t> sample;
  std::int32_t token = tokens.front();
  for (std::int64_t i = 0; i < sample_tokens; ++i) {
    token = sampler.draw(generator.next(token), random);
    sample.push_back(token);
  }
  out_ << "\nA sample (temperature 0.8):\n" << data_.tokenizer.decode(sample) << "\n";
}

}  // namespace abax
