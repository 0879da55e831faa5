// The quantisation kernels of one SIMD level.
#pragma once

#include <cstdint>

namespace abax {

struct QuantiseKernels {
  /// Codes that a block holds: its columns. A packed book is [blocks, width, block], filled up with
  /// codes that are never chosen, and half_norms [blocks * block] are |b|^2 / 2 of each.
  std::int64_t block;
  /// Packs the codes of block `number` of a book [codes, width].
  void (*pack)(const float* book, std::int64_t codes, std::int64_t width, std::int64_t number,
               float* packed, float* half_norms);
  /// The nearest codes of z [rows, width].
  void (*nearest)(const float* z, std::int64_t rows, std::int64_t width, const float* packed,
                  const float* half_norms, std::int64_t blocks, std::int32_t* codes);
};

}  // namespace abax
