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

void add(const float* from, float* to, std::int64_t count) {
  for_each_vector(count, [&](std::int64_t i, auto lanes) {
    store(to + i, load(to + i, lanes) + load(from + i, lanes), lanes);
  });
}

/// The taps [begin, end) of a patch's line that are inside the image.
struct Taps {
  std::int64_t begin, end;
};
Taps taps_inside(const Patches& p, std::int64_t left) {
  std::int64_t begin = left < 0 ? -left : 0, end = p.width - left;
  if (end > p.tap_columns) end = p.tap_columns;
  if (begin > p.tap_columns) begin = p.tap_columns;
  if (end < begin) end = begin;
  return {begin, end};
}

void spread(const Patches& p, const float* rows, float* image) {
  fill_zeros(image, p.height * p.width * p.channels);
  const std::int64_t segment = p.tap_columns * p.channels;
  for (std::int64_t line = 0; line < p.lines; ++line)
    for (std::int64_t column = 0; column < p.columns; ++column) {
      const std::int64_t top = line * p.line_step + p.first_row;
      const std::int64_t left = column * p.column_step + p.first_column;
      const auto [begin, end] = taps_inside(p, left);
      for (std::int64_t u = 0; u < p.tap_rows; ++u, rows += segment)
        if (top + u >= 0 && top + u < p.height && begin < end)
          add(rows + begin * p.channels, image + ((top + u) * p.width + left + begin) * p.channels,
              (end - begin) * p.channels);
    }
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
    const auto [begin, end] = taps_inside(p, left);
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
const ConvolutionKernels convolution_kernels = {.gather = gather, .spread = spread};

}  // namespace abax::ABAX_LEVEL
