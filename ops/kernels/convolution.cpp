// Kernel source: gathers patches of images into the rows of a matrix.
#include "ops/kernels/convolution.h"

#include "core/base/simd.h"

namespace abax::ABAX_LEVEL {
namespace {

void fill_zeros(float* to, std::int64_t count) {
  for_each_vector(count, [&](std::int64_t i, auto lanes) { store(to + i, F(0.f), lanes); });
}

void copy(const float* from, float* to, std::int64_t count) {
  for_each_vector(count,
                  [&](std::int64_t i, auto lanes) { store(to + i, load(from + i, lanes), lanes); });
}

void gather(const Patches& p, const float* x, std::int64_t first, std::int64_t last, float* panel,
            std::int64_t stride) {
  const std::int64_t image_size = p.height * p.width * p.channels;
  const std::int64_t segment = p.tap_columns * p.channels;  // of a patch, in a line of the image
  std::int64_t column = first % p.columns, line = first / p.columns % p.lines;
  const float* image = x + first / p.columns / p.lines * image_size;
  for (std::int64_t row = first; row < last; ++row, panel += stride) {
    const std::int64_t top = line * p.line_step + p.first_row;
    const std::int64_t left = column * p.column_step + p.first_column;
    // Taps [begin, end) of a line are inside the image.
    std::int64_t begin = left < 0 ? -left : 0, end = p.width - left;
    if (end > p.tap_columns) end = p.tap_columns;
    if (begin > p.tap_columns) begin = p.tap_columns;
    if (end < begin) end = begin;
    float* to = panel;
    for (std::int64_t u = 0; u < p.tap_rows; ++u, to += segment) {
      const std::int64_t y = top + u;
      if (y < 0 || y >= p.height || begin == end) {
        fill_zeros(to, segment);
        continue;
      }
      if (begin > 0) fill_zeros(to, begin * p.channels);
      copy(image + (y * p.width + left + begin) * p.channels, to + begin * p.channels,
           (end - begin) * p.channels);
      if (end < p.tap_columns)
        fill_zeros(to + end * p.channels, (p.tap_columns - end) * p.channels);
    }
    if (++column == p.columns) {
      column = 0;
      if (++line == p.lines) {
        line = 0;
        image += image_size;
      }
    }
  }
}

}  // namespace

extern const ConvolutionKernels convolution_kernels;
const ConvolutionKernels convolution_kernels = {.gather = gather};

}  // namespace abax::ABAX_LEVEL
