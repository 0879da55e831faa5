// A loss as a sum and a count, so that padding weighs nothing and evaluations add up exactly.
#pragma once

#include "core/graph/op.h"

namespace abax {

/// Both are f32 scalars: nats summed over what counts, and how many count.
struct Loss {
  Value sum;
  Value count;
};

}  // namespace abax
