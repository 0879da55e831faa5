// An internal op: the same bytes in memory of their own.
#pragma once

#include <memory>

#include "core/graph/op.h"

namespace abax {

std::shared_ptr<const Op> copy_op();

}  // namespace abax
