// Aligned allocation, and the tensor that owns it.
#include "core/base/tensor.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace abax {

void AlignedDelete::operator()(std::byte* memory) const { std::free(memory); }

AlignedBytes allocate_aligned(std::size_t bytes) {
  // At least one line, so that even an empty tensor has an address.
  const std::size_t whole = std::max(alignment, aligned(bytes));
  void* memory = std::aligned_alloc(alignment, whole);
  if (!memory)
    throw MemoryError(str_cat("could not allocate ", bytes, " bytes (", bytes >> 20,
                              " MiB); use a smaller model, batch or length"));
  std::memset(memory, 0, whole);
  return AlignedBytes(static_cast<std::byte*>(memory));
}

Tensor::Tensor(TensorType type) : type_(type), bytes_(allocate_aligned(type.bytes())) {}

Tensor TensorView::clone() const {
  Tensor copy(type);
  if (data) std::memcpy(copy.data(), data, type.bytes());
  return copy;
}

Tensor Tensor::clone() const { return view().clone(); }

}  // namespace abax
