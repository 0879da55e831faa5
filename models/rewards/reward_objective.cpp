// The score function by two baselines, and the risk over a few sequences.
#include "models/rewards/reward_objective.h"

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "models/latents/estimators.h"
#include "models/latents/together.h"
#include "models/settings/values.h"
#include "ops/elementwise.h"
#include "ops/normalise.h"
#include "ops/reduce.h"

namespace abax {
namespace {

/// Q is 0 where a sequence is at hand already.
Value minimum_risk(Value log_p, Value rewards, Value distinct, double sharpness) {
  const Value never = log_p.graph().constant(-1e30f);
  const Value scores = where(greater(distinct, 0), static_cast<float>(sharpness) * log_p, never);
  return sum(softmax(scores, 0) * rewards, {0});
}

}  // namespace

const std::vector<std::string>& reward_estimator_names() {
  static const std::vector<std::string> names{"leave-one-out", "self-critical", "minimum-risk"};
  return names;
}

void fields(Fields& f, RewardObjective& s) {
  f("reward-estimator", s.estimator, "of the gradient of the expected reward")
      .one_of(reward_estimator_names());
  f("reward-samples", s.samples, "sequences drawn for each item, at temperature 1")
      .at_least(1)
      .at_most(1000);
  if (s.estimator == "minimum-risk")
    f("reward-sharpness", s.sharpness,
      "alpha: 0 takes all sequences at hand for equally likely, 1 as the model does")
        .at_least(0);
  f("likelihood-weight", s.likelihood,
    "of the right sequence's log-probability beside the reward (without label smoothing)")
      .at_least(0);
  f.require(s.estimator != "leave-one-out" || s.samples > 1,
            "the mean of the other samples needs two at least: reward-samples 2");
}

Value expected_reward(const RewardObjective& objective, Operand given, Value rewards,
                      Value baseline, Value distinct) {
  called_from(given.where(), [&] { check_settings(objective, "expected_reward"); });
  check_one_shape("expected_reward", given, {{"rewards", rewards}});
  const Value log_p = given.value();
  if (log_p.shape().rank() != 2)
    throw ShapeError(str_cat("expected_reward: expected log_p [samples, batch], got ", log_p.type(),
                             log_p.graph().location(given.where())));
  if (objective.estimator == "minimum-risk") {
    check_one_shape("expected_reward", given, {{"distinct", distinct}});
    return minimum_risk(log_p, rewards, distinct, objective.sharpness);
  }
  if (objective.estimator == "leave-one-out") return mean(leave_one_out(rewards, log_p), {0});
  check_together("expected_reward", given, {{"baseline", baseline}});
  return mean(with_score(rewards, log_p, baseline), {0});
}

}  // namespace abax
