// An op of one's own.
#pragma once

#include <abax/graph.h>

#include "kernels.h"

namespace my {

/// Of a level.
SwigluKernels kernels_of(abax::Level level);

/// a sigmoid(a) b (Shazeer 2020, "GLU variants improve Transformer", eq. 6): f32 of one shape.
abax::Value swiglu(abax::Operand a, abax::Operand b);

}  // namespace my
