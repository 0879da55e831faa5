// Items of tensors, copied: rows of codes, sentences of a batch.
#pragma once

#include <cstdint>

#include "core/base/tensor.h"

namespace abax {

/// Copies `count` items of `from`, from the first one on, to those of `to` from to_first on; they
/// stand along this axis of both, which are equal otherwise.
void copy_items(const TensorView& from, std::int64_t first, std::int64_t count, Tensor& to,
                std::int64_t to_first, int axis = 0);

}  // namespace abax
