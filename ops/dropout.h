// Dropout: zeros at random while training, nothing in an evaluation graph.
#pragma once

#include "core/graph/graph.h"

namespace abax {

/// Each element is zero with probability p, else x / (1 - p) (Srivastava et al. 2014, section 10).
/// x is f32 of any shape, p in [0, 1). In an evaluation graph, and for p = 0, it is x itself. The
/// mask is keyed by seed, graph label, scoped name, run and element; the gradient draws it again
/// and keeps no memory for it. Throws ShapeError on another type, UsageError on another p.
Value dropout(Operand x, float p);

}  // namespace abax
