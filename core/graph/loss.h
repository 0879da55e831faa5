// A loss as a sum and a count, so that padding weighs nothing and evaluations add up exactly.
#pragma once

#include "core/graph/op.h"

namespace abax {

/// Both are f32 scalars: what the loss is of each element or row that counts (nats of a
/// cross-entropy, squares of mse), summed, and how many count.
struct Loss {
  Value sum;
  Value count;
};

}  // namespace abax
