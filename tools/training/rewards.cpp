// Rewards by their names.
#include "tools/training/rewards.h"

#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/metrics/bleu.h"

namespace abax {

RewardConfig reward_config(const RunSettings& s, const Task& task, LearnerConfig learner) {
  const std::optional<WrittenLines> lines = task.written();
  if (!lines) throw UsageError(str_cat("--reward: ", s.model.name(), " writes no lines"));
  RewardConfig config{.learner = std::move(learner),
                      .objective = s.reward.objective,
                      .begin = lines->begin,
                      .end = lines->end,
                      .seed = static_cast<std::uint64_t>(s.training.seed)};
  if (s.reward.reward == "bleu")
    // Of the text, in which "<unk>" is never right.
    config.reward = [lines = *lines](const DrawnSequence& drawn) {
      return sentence_bleu(lines.text(drawn.tokens), lines.line(drawn.position, drawn.row),
                           lines.lower_case) /
             100;
    };
  return config;
}

}  // namespace abax
