// <abax/training.h>: optimisers, schedules, the learner, rewards.
#pragma once

#include "models/face/models.h"
#include "models/rewards/reward_objective.h"
#include "models/rewards/reward_training.h"
#include "models/training/export.h"
#include "models/training/fit.h"
#include "models/training/learner.h"
#include "models/training/optimiser.h"
#include "models/training/schedules.h"
