// abax-evaluate: what a trained model is worth, as a table and as JSON; the log-probability of
// lines.
#include <cmath>
#include <iomanip>
#include <iostream>
#include <numbers>
#include <string>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/training/learner.h"
#include "tools/exit_codes.h"
#include "tools/options/option_set.h"
#include "tools/saved_run.h"
#include "tools/tasks/task.h"

namespace abax {
namespace {

struct EvaluateOptions {
  std::string checkpoint;
  Words data;
  std::string json;
  std::string score;
  std::int64_t beam = 1;
  double length_penalty = 1;
  std::int64_t samples = 0;
  std::int64_t threads = 0;
};

OptionSet option_set(EvaluateOptions& o) {
  OptionSet set(
      "evaluate",
      "Evaluates a checkpoint of abax-train: loss, perplexity, bits a character, accuracy, "
      "BLEU, bounds on the likelihood, use of codes, as far as they apply. BLEU is over the "
      "corpus, of one to four words as mteval-v13a cuts them, without smoothing; in small letters "
      "where the model's text is.");
  set.group("What");
  set.add("checkpoint", &o.checkpoint,
          "folder of a run, whose best checkpoint is taken, or of a checkpoint")
      .placeholder("FOLDER")
      .needed();
  set.add("data", &o.data,
          "what to evaluate on: a text; a source and a target; a file a class; images. Without it "
          "the test part of the run's own data")
      .placeholder("FILE,...");
  set.group("Translations");
  set.add("beam", &o.beam, "hypotheses that are kept; 1 takes the likeliest token each time")
      .at_least(1)
      .at_most(1000);
  set.add("length-penalty", &o.length_penalty,
          "scores are log-probabilities over length to this power")
      .at_least(0);
  set.group("Images");
  set.add("samples", &o.samples,
          "also the bound by so many samples of the posterior an image (IWAE, Burda et al. 2016)")
      .at_least(0);
  set.group("Results");
  set.add("json", &o.json, "write the results to this file as JSON").placeholder("FILE");
  set.add("score", &o.score,
          "write the log-probability of each line of --data to this file, in nats, in order: of a "
          "line of text, of a target given its source, of the class of a sentence, of an image (of "
          "which it is a bound)")
      .placeholder("FILE");
  set.group("Run");
  set.add("threads", &o.threads, "0: as many as this process may use").at_least(0).at_most(1024);
  set.epilogue(
      "Of images, in nats an image over the whole pass\n"
      "  elbo, kl, reconstruction  the evidence lower bound by one hard sample of the posterior, "
      "and\n"
      "                      its terms\n"
      "  iwae K              the importance-weighted bound of --samples K (Burda et al. 2016, eq. "
      "8)\n"
      "  active units        Gaussian latents whose posterior mean has a variance above 0.01\n"
      "  code perplexity     exp of the entropy of the codes' frequencies, the mean over codebooks "
      "or\n"
      "                      latents; code usage: the share of the codes that occur at all\n"
      "  aggregate entropy   of the posterior's mean over the images (of quantised codes: of "
      "their\n"
      "                      frequencies), summed over latents (the codes of an image)\n"
      "  mutual information  of image and latents; categorical: that entropy less the mean entropy "
      "of\n"
      "                      the posterior; Gaussian: by one sample z of the posterior an image, "
      "the\n"
      "                      mean of log q(z|x) - log (mean of q(z|x') over the images x')\n"
      "                      (Hoffman and Johnson 2016), which is at most the log of the number "
      "of\n"
      "                      images; of more than 5,000, so many evenly spaced ones are compared");
  return set;
}

/// For evaluating batches of this source.
LearnerConfig learner_config(const SavedRun& run, const Task& task,
                             const data::BatchSource& source) {
  LearnerConfig config;
  config.model = run.options.model;
  config.sizes = task.sizes();
  config.check_shapes = source.shapes();
  return config;
}

/// Results by name, in the order of the table.
Json::Object evaluate(const EvaluateOptions& o, const SavedRun& run, const Task& task,
                      Variables& store, Workers& workers) {
  const data::BatchSource& source = *task.source(Part::test);
  Learner learner(store, learner_config(run, task, source), workers);
  const Evaluation evaluation = learner.evaluate(source);
  if (!std::isfinite(evaluation.loss.mean()))
    throw DivergedError(text("the loss on this data is ", evaluation.loss.mean(),
                             ": the model's weights are broken; train anew with a lower learning "
                             "rate, or evaluate an older checkpoint (RUN/last.1)"));
  Results found = task.results(evaluation);
  Json::Object results{{task.unit() + "s", evaluation.loss.count}};
  for (const char* first : {"loss", "perplexity"})
    if (const auto node = found.extract(first)) results.emplace_back(first, node.mapped());
  if (const std::optional<double> characters = task.characters(Part::test))
    results.emplace_back("bits_per_character",
                         evaluation.loss.sum / std::numbers::ln2 / *characters);
  if (const std::optional<double> optimum = task.optimum(Part::test))
    results.emplace_back("least_loss", *optimum);
  const ScoreOptions options{
      .beam = o.beam, .length_penalty = o.length_penalty, .samples = o.samples};
  found.merge(task.score(Part::test, store, workers, options));
  for (const auto& [name, value] : found) results.emplace_back(name, value);
  for (auto& [name, value] : task.details(evaluation)) results.emplace_back(name, value);
  return results;
}

void write_scores(const EvaluateOptions& o, const SavedRun& run, const Task& task, Variables& store,
                  Workers& workers) {
  const LineBatches lines = task.lines(Part::test);
  LearnerConfig config = learner_config(run, task, *lines.batches);
  config.check_label = "score";  // a line is a stream of its own, not one of the evaluation's batch
  Learner learner(store, config, workers);
  std::vector<double> scores;
  for (std::int64_t i = 0; i < lines.batches->batches(); ++i) {
    const std::size_t line = lines.line[static_cast<std::size_t>(i)];
    if (scores.size() <= line) scores.resize(line + 1);
    scores[line] -= learner.evaluate(*lines.batches, i, i + 1).loss.sum;
  }
  std::string content;
  for (const double score : scores) content += to_text(Json(score)) + "\n";
  write_file_atomically(o.score, content);
}

/// Counts in full, all else with six digits.
std::string shown(double number) {
  const bool count = std::abs(number) < 1e15 && number == std::floor(number);
  return count ? text(static_cast<std::int64_t>(number)) : text(number);
}

void print(const Json::Object& results, std::ostream& out) {
  for (const auto& [name, value] : results) {
    std::string label = name;
    std::ranges::replace(label, '_', ' ');
    out << std::left << std::setw(20) << label;
    if (value.is_array())
      for (const Json& element : value.array()) out << ' ' << shown(element.number());
    else
      out << shown(value.number());
    out << '\n';
  }
}

void run(const EvaluateOptions& o, std::ostream& out) {
  const SavedRun saved = open_run(o.checkpoint, Which::best);
  const std::unique_ptr<Task> task = open_test(saved, o.data);
  if (!o.score.empty() && !task->has_log_probabilities())
    throw UsageError(text("--score: ", saved.options.model,
                          " has a loss that is no log-probability, and no bound on one"));
  for (const std::string& path : {o.json, o.score})
    if (!path.empty()) check_writable(path);
  Variables store;
  create_for_use(saved, store);
  Workers workers(static_cast<int>(o.threads));
  const Json::Object results = evaluate(o, saved, *task, store, workers);
  print(results, out);
  out.flush();  // a result file may be standard output
  if (!o.json.empty()) write_file_atomically(o.json, to_text(results) + "\n");
  if (!o.score.empty()) write_scores(o, saved, *task, store, workers);
}

}  // namespace
}  // namespace abax

int main(int argc, char** argv) {
  using namespace abax;
  return guarded_main("evaluate", [&] {
    EvaluateOptions options;
    if (option_set(options).parse(argc, argv, std::cout)) run(options, std::cout);
    return int{exit_ok};
  });
}
