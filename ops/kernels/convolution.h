// Patches of images as rows of a matrix, for the products of ops/drivers/convolution_plan.h.
#pragma once

#include <cstdint>

namespace abax {

/// Rows of patches of images x [batch, height, width, channels]: one for each position (image,
/// line, column), in that order, holding the values [tap_rows, tap_columns, channels] from pixel
/// (line * line_step + first_row, column * column_step + first_column) on, zeros outside the image.
struct Patches {
  std::int64_t height = 0, width = 0, channels = 0;
  std::int64_t lines = 0, columns = 0;  // positions in an image
  std::int64_t line_step = 1, column_step = 1;
  std::int64_t first_row = 0, first_column = 0;
  std::int64_t tap_rows = 0, tap_columns = 0;

  std::int64_t row_size() const { return tap_rows * tap_columns * channels; }
};

struct ConvolutionKernels {
  /// Writes the rows [first, last), `stride` floats apart, to `panel`.
  void (*gather)(const Patches& patches, const float* x, std::int64_t first, std::int64_t last,
                 float* panel, std::int64_t stride);
  /// The transpose, for one image: image [height, width, channels] = the sum of all rows [lines,
  /// columns, row_size()], each added to the pixels that gather() would read, in order.
  void (*spread)(const Patches& patches, const float* rows, float* image);
};

}  // namespace abax
