// <abax/training.h>: optimisers, schedules, the learner.
#pragma once

#include "models/face/models.h"
#include "models/training/export.h"
#include "models/training/fit.h"
#include "models/training/learner.h"
#include "models/training/optimiser.h"
#include "models/training/schedules.h"
