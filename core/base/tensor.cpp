// Aligned allocation, and the tensor that owns it.
#include "core/base/tensor.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace abax {

void AlignedDelete::operator()(std::byte* memory) const { std::free(memory); }

AlignedBytes allocate_aligned(std::size_t bytes) {
  // At least one line, so that even an empty tensor has an address.
  const std::size_t lines = std::max<std::size_t>(1, (bytes + alignment - 1) / alignment);
  void* memory = std::aligned_alloc(alignment, lines * alignment);
  if (!memory)
    throw MemoryError(text("could not allocate ", bytes, " bytes (", bytes >> 20,
                           " MiB); use a smaller model, batch or length"));
  std::memset(memory, 0, lines * alignment);
  return AlignedBytes(static_cast<std::byte*>(memory));
}

Tensor::Tensor(TensorType type) : type_(type), bytes_(allocate_aligned(type.bytes())) {}

Tensor Tensor::clone() const {
  Tensor copy(type_);
  std::memcpy(copy.data(), data(), bytes());
  return copy;
}

}  // namespace abax
