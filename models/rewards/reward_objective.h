// Objectives of rewards: what a model that draws whole sequences makes as large as it can.
//
// A reward says of a sequence how good it is (its BLEU, a classifier's probability), and has no
// gradient; the probability of drawing the sequence has. log_p and rewards are f32 [samples, batch]
// of the sequences drawn for each item of a batch.
//
//  estimator      gradient                                                             biased
//  leave-one-out  (r - the mean of the others' r) grad log p                           no
//                 (Kool et al. 2019)
//  self-critical  (r - r of the likeliest sequence) grad log p                         no
//                 (Rennie et al. 2017)
//  minimum-risk   of the sum of Q r, where Q is p^sharpness made to sum to 1 over the  yes
//                 sequences at hand, each once (Shen et al. 2016, eq. 11-13), among
//                 which training has the right one
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/graph/graph.h"
#include "models/settings/fields.h"

namespace abax {

struct RewardObjective {
  std::string estimator = "leave-one-out";
  std::int64_t samples = 5;  // sequences drawn for each item; of leave-one-out 2 at least
  double sharpness = 0.005;  // of minimum-risk: alpha
  /// What the log-probability of the right sequence counts beside the reward (Wu et al. 2016,
  /// "Google's neural machine translation system", eq. 9).
  double likelihood = 0.017;
};
void fields(Fields& f, RewardObjective& s);

const std::vector<std::string>& reward_estimator_names();

/// The expected reward of each item, [batch], with the estimator's gradient: the mean reward of
/// its samples, of minimum-risk the sum of Q r. `baseline` [batch], of self-critical alone, is the
/// reward of the likeliest sequence; `distinct` f32 [samples, batch], of minimum-risk alone, is 0
/// where an earlier sample is the same sequence. Throws UsageError on settings out of range, fewer
/// than two samples of leave-one-out, an empty value where one is needed; ShapeError on other
/// shapes, with the caller's place.
Value expected_reward(const RewardObjective& objective, Operand log_p, Value rewards,
                      Value baseline = {}, Value distinct = {});

}  // namespace abax
