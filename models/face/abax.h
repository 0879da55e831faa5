// <abax/abax.h>: all of libabax.
#pragma once

#include "models/face/graph.h"
#include "models/face/models.h"
#include "models/face/ops.h"
#include "models/face/training.h"
#include "models/face/version.h"
