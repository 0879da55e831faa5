// Evaluates a value by running the kernels of its nodes one after another, without a plan.
#pragma once

#include <map>
#include <string>

#include "core/base/parallel.h"
#include "core/base/tensor.h"
#include "core/graph/graph.h"

namespace abax::test {

/// `inputs` by name. Nodes may have several outputs; random ops see seed and run 0.
Tensor evaluate(Value value, const std::map<std::string, const Tensor*>& inputs, Level level,
                Workers& workers);

}  // namespace abax::test
