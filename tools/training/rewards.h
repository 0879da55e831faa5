// What --reward asks for: what is learnt from, and the reward of a drawn sequence as a function.
#pragma once

#include "models/rewards/reward_training.h"
#include "tools/tasks/task.h"
#include "tools/training/run_settings.h"

namespace abax {

/// Of settings whose reward is not "none", for a task of models that write lines, which must
/// outlive it. The reward is of a line's text beside that of the data.
RewardConfig reward_config(const RunSettings& settings, const Task& task, LearnerConfig learner);

}  // namespace abax
