// Rewards by their names.
#include "tools/training/rewards.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/generation/line_classifier.h"
#include "models/metrics/bleu.h"
#include "tools/saved_run.h"
#include "tools/tasks/classes.h"

namespace abax {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ",") + name;
  return list;
}

/// The run, where it can judge such lines.
const SavedRun& checked(const SavedRun& run, const WrittenLines& lines) {
  if (lines.classes.empty())
    throw UsageError(
        "--reward classifier: these lines have no classes; they have them where --data is a file a "
        "class");
  if (run.settings.model.name() != "classifier")
    throw CheckpointError(str_cat("--reward-classifier: ", run.place.string(), " holds a ",
                                  run.settings.model.name(), ", no classifier"));
  return run;
}

/// A classifier at work on lines as a task writes them.
class Judge {
 public:
  Judge(const SavedRun& run, WrittenLines lines, Workers& workers)
      : lines_(std::move(lines)),
        known_(known_classes(checked(run, lines_).files(), "a classifier")),
        classifier_(store_, run.settings.model, known_.tokenizer, workers) {
    for (const std::string& name : lines_.classes) {
      const auto found = std::ranges::find(known_.names, name);
      if (found == known_.names.end())
        throw UsageError(str_cat("--reward-classifier: the classes of the lines are ",
                                 listed(lines_.classes), ", those that the classifier knows ",
                                 listed(known_.names),
                                 "; name the files alike, or train a classifier of these classes"));
      column_.push_back(static_cast<std::size_t>(found - known_.names.begin()));
    }
    create_for_use(run, store_);
  }

  std::vector<double> operator()(std::span<const DrawnSequence> drawn) {
    std::vector<std::string> texts;
    for (const DrawnSequence& one : drawn) texts.push_back(lines_.text(one.tokens));
    const std::vector<std::vector<float>> classes = classifier_.classify(texts);
    std::vector<double> rewards;
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      const std::int32_t label = lines_.label(drawn[i].position, drawn[i].row);
      // Nothing is of no class.
      rewards.push_back(classes[i].empty() || label < 0
                            ? 0
                            : double{classes[i][column_[static_cast<std::size_t>(label)]]});
    }
    return rewards;
  }

 private:
  WrittenLines lines_;
  Variables store_;
  KnownClasses known_;
  LineClassifier classifier_;
  std::vector<std::size_t> column_;  // of the classifier's classes, by label
};

}  // namespace

RewardConfig reward_config(const RunSettings& s, const Task& task, LearnerConfig learner,
                           Workers& workers) {
  const std::optional<WrittenLines> lines = task.written();
  if (!lines) throw UsageError(str_cat("--reward: ", s.model.name(), " writes no lines"));
  RewardConfig config{.learner = std::move(learner),
                      .objective = s.reward.objective,
                      .begin = lines->begin,
                      .end = lines->end,
                      .seed = static_cast<std::uint64_t>(s.training.seed)};
  // It is of a sequence here, whatever it is of without rewards.
  config.learner.most_loss = std::numeric_limits<double>::infinity();
  if (s.reward.reward == "bleu")
    // Of the text, in which "<unk>" is never right.
    config.reward = [lines = *lines](const DrawnSequence& drawn) {
      return sentence_bleu(lines.text(drawn.tokens), lines.line(drawn.position, drawn.row),
                           lines.lower_case) /
             100;
    };
  if (s.reward.reward == "classifier")
    config.rewards = [judge = std::make_shared<Judge>(open_run(s.reward.classifier, Which::best),
                                                      *lines, workers)](
                         std::span<const DrawnSequence> drawn) { return (*judge)(drawn); };
  return config;
}

}  // namespace abax
