// <abax/graph.h>: tensors, graphs, gradients, plans and their executions, checkpoints, and what an
// op of one's own needs.
#pragma once

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/base/tensor.h"
#include "core/graph/elementwise_op.h"
#include "core/graph/gradients.h"
#include "core/graph/graph.h"
#include "core/graph/print.h"
#include "core/io/checkpoint.h"
#include "core/plan/execution.h"
