// Row by row of what stands before the axis.
#include "models/generation/items.h"

#include <cstring>

namespace abax {

void copy_items(const TensorView& from, std::int64_t first, std::int64_t count, Tensor& to,
                std::int64_t to_first, int axis) {
  const Shape& have = from.type.shape;
  const std::int64_t inner = have.size(axis + 1, have.rank());
  const auto bytes = static_cast<std::size_t>(inner) * size_of(from.type.dtype);
  if (bytes == 0 || count == 0) return;  // null pointers, perhaps
  const auto at = [&](std::int64_t row, std::int64_t item, std::int64_t items) {
    return static_cast<std::size_t>(row * items + item) * bytes;
  };
  for (std::int64_t row = 0; row < have.size(0, axis); ++row)
    std::memcpy(static_cast<std::byte*>(to.data()) + at(row, to_first, to.shape()[axis]),
                static_cast<const std::byte*>(from.data) + at(row, first, have[axis]),
                static_cast<std::size_t>(count) * bytes);
}

}  // namespace abax
