// What --reward asks for: what is learnt from, and the reward of a drawn sequence as a function.
#pragma once

#include "models/rewards/reward_training.h"
#include "tools/tasks/task.h"
#include "tools/training/run_settings.h"

namespace abax {

/// Of settings whose reward is not "none", for a task of models that write lines. It and the
/// workers must outlive what is returned. BLEU is of a line's
/// text beside that of the data, a match of its tokens beside the line as it is learnt (cut to
/// --length, say), a classifier's probability of the line's class. Throws UsageError where lines
/// have no classes or the classifier does not know them, CheckpointError where its run is none of a
/// classifier.
RewardConfig reward_config(const RunSettings& settings, const Task& task, LearnerConfig learner,
                           Workers& workers);

}  // namespace abax
