// The matmul op: products of matrices, and of batches of them.
#pragma once

#include "core/graph/graph.h"

namespace abax {

struct MatmulOptions {
  bool transpose_a = false;  // of the last two axes
  bool transpose_b = false;
};

/// a [.., m, k] times b [.., k, n], both f32: [.., m, n]. With transpose_a, a is [.., k, m]; with
/// transpose_b, b is [.., n, k]. Leading axes broadcast; where b has none, those of a are rows of
/// one big product. Throws ShapeError where k differs, where leading axes do not broadcast, or with
/// fewer than two axes.
///
///     Value hidden = matmul(x, weight);                          // [32, 512] x [512, 128]
///     Value scores = matmul(query, key, {.transpose_b = true});  // [8, 64, 32] x [8, 50, 32]
///
/// Each element is a chain of fused multiply-adds along k (at SSE2: rounded twice), cut every 1024
/// at most: its bits depend on its row of a, its column of b and k alone, not on how many rows or
/// items there are.
Value matmul(Operand a, Operand b, MatmulOptions options = {});

}  // namespace abax
