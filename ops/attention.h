// Scaled dot-product attention with several heads, as one fused op: the matrix of scores never
// lies in memory as a whole, and keys that nobody may see are skipped.
//
// All are [time, batch, width]; in the second one keys beyond the lengths are padding:
//
//     const Value y = attention(q, k, v, {.heads = 4, .causal = true});
//     const Value z = attention(q, k, v, {.heads = 4}, {}, lengths);
#pragma once

#include <cstdint>

#include "core/graph/graph.h"

namespace abax {

struct AttentionOptions {
  std::int64_t heads = 1;  // width is heads * size of a head
  bool causal = false;  // query i sees keys j <= i + (keys - queries): the last sees the last key
  float scale = 0;      // of the scores; 0: 1 / sqrt(size of a head)
};

/// softmax(scale q k^T) v (Vaswani et al. 2017, eq. 1) for each batch item and head, head h being
/// the columns [h * size, (h + 1) * size). q is f32 [queries, batch, width], k and v are f32
/// [keys, batch, width], the result is [queries, batch, width].
///
/// Of batch item b only the keys in [first[b], last[b]) are seen: `first` and `last` are i32
/// [batch] with values in [0, keys], an empty Value being no limit; first >= last leaves none. They
/// serve for padding, for memories that are not full yet, and for caches of generation; keys
/// outside are not read. A query that sees no key gives zeros, and its gradient is zero.
///
/// Throws ShapeError on other shapes or types, UsageError where there is no head or the scale is
/// not finite; at run time DataError on a limit outside [0, keys].
Value attention(Operand q, Operand k, Operand v, const AttentionOptions& options, Value first = {},
                Value last = {});

/// The same with what parts of attention are put together by. No gradient flows through it.
struct AttentionParts {
  Value y;            // [queries, batch, width]
  Value log_sum_exp;  // of each row of scores, [batch, heads, queries]: minus infinity where no key
                      // is seen
};
AttentionParts attention_parts(Operand q, Operand k, Operand v, const AttentionOptions& options,
                               Value first = {}, Value last = {});

}  // namespace abax
