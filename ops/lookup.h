// Rows by their index: embedding, gather, scatter_add, one_hot.
//
//     Value ids = g.input("ids", {time, batch}, i32, range(0, 10000));
//     Value x = embedding(ids, g.parameter("table", {10000, 200}, normal(0.05f)));   // [time,
//     batch, 200]
//
// Indices are i32 and count from 0. One outside is a DataError at run time that names its position,
// its value and the limit; where the indices are an input (or a view of one) whose declared range
// keeps them inside, nothing is left to check. All throw ShapeError on other types or shapes when
// the node is built.
#pragma once

#include "core/graph/graph.h"

namespace abax {

/// Row ids[..] of `table`, f32 [n, width]: the result is [.., width]. The gradient of the table is
/// a scatter_add.
Value embedding(Value ids, Operand table);

/// Element index[..] of x, f32 or i32 [first.., n, rest..], along `axis`, where it has size n: the
/// result is [first.., .., rest..]. The gradient of x is a scatter_add. `axis` may count from the
/// back.
///
///     Value kept = gather(cache, parents, 1);   // cache is [time, batch, width], parents [batch]
Value gather(Operand x, Value index, int axis = 0);

/// A tensor [first.., rows, rest..] of zeros to whose row index[..] along `axis` the elements of
/// `updates`, f32 [first.., .., rest..], are added, in ascending order of their position: the same
/// bits for any thread count. `axis`, which may count from the back, is the result's.
Value scatter_add(Operand updates, Value index, std::int64_t rows, int axis = 0);

/// 1 at index[..] along a new last axis of `size`, else 0: f32 [.., size].
Value one_hot(Value index, std::int64_t size, SourceLocation where = SourceLocation::current());

}  // namespace abax
