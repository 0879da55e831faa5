// Kernel source: transposition of blocks.
#include "ops/kernels/shape.h"

#include "core/base/simd.h"

namespace abax::ABAX_LEVEL {
namespace {

template <class T>
void transpose_scalar(const T* from, std::int64_t from_stride, T* to, std::int64_t to_stride,
                      std::int64_t rows, std::int64_t columns) {
  for (std::int64_t j = 0; j < columns; ++j)
    for (std::int64_t i = 0; i < rows; ++i) to[j * to_stride + i] = from[i * from_stride + j];
}

void transpose_words(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride,
                     std::int64_t rows, std::int64_t columns) {
  const std::int64_t whole_rows = rows - rows % width, whole_columns = columns - columns % 4;
  for (std::int64_t i = 0; i < whole_rows; i += width)
    for (std::int64_t j = 0; j < whole_columns; j += 4) {
      F lines[4];
      load_transposed(from + i * from_stride + j, from_stride, lines);
      for (int n = 0; n < 4; ++n) store(to + (j + n) * to_stride + i, lines[n]);
    }
  transpose_scalar(from + whole_columns, from_stride, to + whole_columns * to_stride, to_stride,
                   whole_rows, columns - whole_columns);
  transpose_scalar(from + whole_rows * from_stride, from_stride, to + whole_rows, to_stride,
                   rows - whole_rows, columns);
}

}  // namespace

extern const ShapeKernels shape_kernels;
const ShapeKernels shape_kernels = {
    .transpose_words = transpose_words,
    .transpose_bytes = transpose_scalar<std::uint8_t>,
};

}  // namespace abax::ABAX_LEVEL
