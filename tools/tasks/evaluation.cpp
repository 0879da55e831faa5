// Results as a table and as JSON, and the scores of lines.
#include "tools/tasks/evaluation.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <numbers>
#include <ostream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/training/learner.h"
#include "tools/tasks/tasks.h"

namespace abax {
namespace {

/// For evaluating batches of this source.
LearnerConfig learner_config(const Task& task, const data::BatchSource& source) {
  LearnerConfig config;
  config.model = task.model();
  config.check_shapes = source.shapes();
  return config;
}

/// Results by name, in the order of the table.
Json::Object evaluate(const Task& task, const ScoreOptions& options, Variables& store,
                      Workers& workers) {
  const data::BatchSource& source = *task.source(Part::test);
  Learner learner(store, learner_config(task, source), workers);
  const Evaluation evaluation = learner.evaluate(source);
  if (!std::isfinite(evaluation.loss.mean()))
    throw DivergedError(
        str_cat("the loss on this data is ", evaluation.loss.mean(),
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
  found.merge(task.score(Part::test, store, workers, options));
  for (const auto& [name, value] : found) results.emplace_back(name, value);
  for (auto& [name, value] : task.details(evaluation)) results.emplace_back(name, value);
  return results;
}

void write_scores(const std::string& path, const Task& task, Variables& store, Workers& workers) {
  const LineBatches lines = task.lines(Part::test);
  LearnerConfig config = learner_config(task, *lines.batches);
  // A line is a stream of its own, not one of the evaluation's batch.
  const auto carried = [](const std::string& name) { return name.starts_with("evaluate:"); };
  if (std::ranges::any_of(store.names(), carried)) config.check_label = "score";
  Learner learner(store, config, workers);
  std::vector<double> scores;
  for (std::int64_t i = 0; i < lines.batches->batches(); ++i) {
    const std::size_t line = lines.line[static_cast<std::size_t>(i)];
    if (scores.size() <= line) scores.resize(line + 1);
    scores[line] -= learner.evaluate(*lines.batches, i, i + 1).loss.sum;
  }
  std::string content;
  for (const double score : scores) content += to_text(Json(score)) + "\n";
  write_file_atomically(path, content);
}

/// Counts in full, all else with six digits.
std::string shown(double number) {
  const bool count = std::abs(number) < 1e15 && number == std::floor(number);
  return count ? str_cat(static_cast<std::int64_t>(number)) : str_cat(number);
}

void print(const Json::Object& results, std::ostream& out) {
  for (const auto& [name, value] : results) {
    std::string label = name;
    std::ranges::replace(label, '_', ' ');
    out << std::left << std::setw(24) << label;
    if (value.is_array())
      for (const Json& element : value.array()) out << ' ' << shown(element.number());
    else
      out << shown(value.number());
    out << '\n';
  }
}

}  // namespace

void fields(Fields& f, EvaluationSettings& s) {
  f.group("Evaluation");
  test_data_field(f, s.data);
  f("json", s.json, "write the results to this file as JSON").placeholder("FILE");
  f("score", s.score,
    "write the log-probability of each line of --data to this file, in nats, in order: of a line "
    "of "
    "text, of a target given its source, of the class of a sentence, of an image (of which it is a "
    "bound)")
      .placeholder("FILE");
  if (s.option_fields) s.option_fields(f, s.options);
}

void evaluate_run(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const EvaluationSettings& s = *settings.get<EvaluationSettings>();
  const std::unique_ptr<Task> task = open_test(context.run, s.data, context.notes);
  if (!s.score.empty() && !task->has_log_probabilities())
    throw UsageError(str_cat("--score: ", task->model().name(),
                             " has a loss that is no log-probability, and no bound on one"));
  for (const std::string& path : {s.json, s.score})
    if (!path.empty()) check_writable(path);
  Workers workers(static_cast<int>(context.threads));
  const Json::Object results = evaluate(*task, s.options, context.store, workers);
  print(results, out);
  out.flush();  // a result file may be standard output
  if (!s.json.empty()) write_file_atomically(s.json, to_text(results) + "\n");
  if (!s.score.empty()) write_scores(s.score, *task, context.store, workers);
}

}  // namespace abax
