// Whether the elements of an input lie in its declared range.
#pragma once

#include <string_view>

#include "core/base/tensor.h"
#include "core/graph/graph.h"

namespace abax {

/// Throws DataError naming the input, the first element outside, its position and the range.
void check_range(std::string_view input, const TensorView& tensor, const Range& range);

}  // namespace abax
