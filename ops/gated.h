// Gated linear units: one half of a layer's products decides how much of the other passes.
//
//     const Value y = swiglu(matmul(x, gate), matmul(x, up));  // [.., hidden]
//     const Value out = matmul(y, down);                       // [.., width]
#pragma once

#include "core/graph/graph.h"

namespace abax {

/// a sigmoid(a) b, element by element: SwiGLU without its products (Shazeer 2020, "GLU variants
/// improve Transformer", eq. 6). a and b are f32 of one shape. It joins chains of elementwise ops
/// and the ends of products as these do; both gradients are one pass over memory, which have no
/// gradient themselves. Throws ShapeError on other shapes or types.
Value swiglu(Operand a, Operand b);

}  // namespace abax
