// Vector quantisation: the nearest code, the straight-through gradient, and what codebooks that
// learn need beside.
//
//     const Value codes = nearest(z, book);                  // z is [n, 64], book [512, 64]
//     const Value quantised = embedding(codes, book);        // [n, 64]
//     const Value y = decoder(straight_through(z, quantised));
//
// Sums over the vectors of a code are scatter_add (ops/lookup.h). All throw ShapeError on other
// shapes or types.
#pragma once

#include "core/graph/graph.h"

namespace abax {

/// For each vector of z, f32 [.., width], the row of `book`, f32 [codes, width], at the least
/// Euclidean distance: i32 [..]. Of equally near ones the first; 0 where no distance is a number.
/// `book` has at least one row. It is the least |b|^2 / 2 - z b that is looked for, in f32, where
/// the product is a chain of fused multiply-adds along the width: codes whose distances differ by
/// less than its rounding may change places. The distances exist only in a tile of registers. No
/// gradient flows through codes.
Value nearest(Operand z, Operand book);

/// The value of `quantised`, bit for bit, whose gradient goes to `z` as if it were z (Bengio,
/// Leonard and Courville 2013; van den Oord et al. 2017, section 3.2); none goes to `quantised`.
/// Both are f32 of one shape. Costs nothing at run time.
Value straight_through(Operand z, Operand quantised);

/// x / |x| along the last axis, f32 [.., width]. A vector no longer than 1e-15 counts as the zero
/// vector: it becomes zeros, and its gradient is zeros.
Value unit_vectors(Operand x);

/// `count` indices of rows whose weight, f32 [n], is above 0, i32 [count]: drawn at random without
/// repetition until all these rows are used up, then anew. Zeros where there is no such row. A
/// random op as those of ops/random.h: counter-based, anew at every run, the same at every level
/// and for any number of threads. Throws UsageError where `count` is negative.
Value random_rows(Operand weights, std::int64_t count);

}  // namespace abax
