// Rows by their index: embedding, gather, scatter_add, one_hot; rows written and reversed.
//
//     Value ids = g.input("ids", {time, batch}, i32, values_in(0, 10000));
//     Value table = g.parameter("table", {10000, 200}, init::normal(0.05f));
//     Value x = embedding(ids, table);  // [time, batch, 200]
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

/// `cache`, f32 [size, rest..], with its rows position .. position + n replaced by `rows`, f32
/// [n, rest..]; `position` is i32 []. Assigned to the variable that the cache is read from, it
/// writes the rows alone, in place, and what reads the result reads the variable's memory. (A run
/// that throws after that has the rows written; one that repeats it writes them again.) Throws
/// ShapeError on other shapes or types; at run time DataError where position is below 0 or position
/// + n above size.
///
///     const Value keys = g.carried_state("keys", {{context, batch, width}, f32});
///     const Value seen = write_rows(keys, k, position);   // k is [1, batch, width]
///     g.assign(keys, seen);                               // attention reads `seen`
Value write_rows(Operand cache, Operand rows, Operand position);

/// x, f32 or i32 [time, batch, rest..], with time running backwards in each item of the batch: row
/// t of item b comes from row lengths[b] - 1 - t where t < lengths[b]; the padding beyond stays
/// where it is. `lengths` is i32 [batch]; without it all of time counts. Twice gives x again.
/// Throws ShapeError on other shapes or types; at run time DataError on a length outside [0, time].
Value reverse(Operand x, Value lengths = {});

/// 1 at index[..] along a new last axis of `size`, else 0: f32 [.., size].
Value one_hot(Value index, std::int64_t size, SourceLocation where = SourceLocation::current());

}  // namespace abax
