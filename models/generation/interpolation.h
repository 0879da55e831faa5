// Codes on the way from one item to another.
//
//     const Tensor between = interpolated_codes(ends, /*steps=*/11, /*seed=*/1);  // [11, ..]
#pragma once

#include <cstdint>

#include "core/base/tensor.h"

namespace abax {

/// `steps` rows from the first row of `ends` [2, positions] to the second, both included: f32 on a
/// line; i32 by more and more codes taken from the second, in an order that follows the seed.
/// Throws UsageError on fewer than two steps, ShapeError on other ends.
Tensor interpolated_codes(const Tensor& ends, std::int64_t steps, std::uint64_t seed);

}  // namespace abax
