// Whole convolutions, planned for their shape and level, as products of patches and kernels.
// Calls the kernels of kernels/convolution.h and kernels/gemm.h.
//
// Patches are gathered some rows at a time, while they are multiplied; the matrix of all patches
// never exists. A transposed convolution of stride s is s * s convolutions of stride 1, one for
// each residue of the output's positions ("phase"), each with its share of the kernel's taps: every
// output is written once, nothing is multiplied with the zeros that an upsampled input would have.
// Where it has few channels, each input's products with all taps are formed first and then added
// where they belong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/tile.h"
#include "core/graph/op.h"
#include "ops/kernels/convolution.h"
#include "ops/kernels/gemm.h"

namespace abax {

/// y [batch, out_height, out_width, out_channels] of x [batch, in_height, ..] and a kernel
/// [kernel_height, kernel_width, in_channels, out_channels] (`swapped`: [.., out_channels,
/// in_channels]).
struct ConvolutionShape {
  std::int64_t batch = 0;
  std::int64_t in_height = 0, in_width = 0, in_channels = 0;
  std::int64_t out_height = 0, out_width = 0, out_channels = 0;
  std::int64_t kernel_height = 0, kernel_width = 0;
  std::int64_t stride = 1, top = 0, left = 0;  // zeros before the first row and column
  bool transposed = false;                     // stride and zeros are those of y
  bool swapped = false;
  bool packed = false;  // the kernel is what pack_kernel wrote

  double multiply_adds() const;
};

/// Patches of a convolution's input, one row for each position of its output.
Patches patches_of(const ConvolutionShape& shape);

/// A convolution whose positions are a regular part of the output's.
struct ConvolutionPhase {
  Patches patches;
  std::int64_t rows = 0;  // positions in all images
  // The kernel's tap of the patch's tap (i, j) is (first_tap_row + i * tap_step, ..).
  std::int64_t first_tap_row = 0, first_tap_column = 0, tap_step = 1;
  // Position (line, column) of the patches is this one of the output.
  std::int64_t out_line = 0, out_column = 0, out_step = 1;
  std::int64_t packed_offset = 0;  // of its part of the packed kernel, in floats
};
std::vector<ConvolutionPhase> phases_of(const ConvolutionShape& shape, std::int64_t panel_columns);

/// Packs the kernel for ConvolutionShape::packed: packed_b_floats(taps * in_channels, out_channels)
/// floats, of which the layout depends on the level.
void pack_kernel(const ConvolutionShape& shape, Level level, const float* kernel, float* packed,
                 const Call& call);

/// Bits depend on shape alone: an element is a chain over the taps and channels of its patch, cut
/// every 1024 at most (as in gemm_plan.h).
class ConvolutionPlan {
 public:
  /// `epilogue` may be null; its further operands follow x and the kernel in Call::inputs.
  ConvolutionPlan(const ConvolutionShape& shape, Level level,
                  std::shared_ptr<const TileProgram> epilogue);
  std::size_t scratch() const { return scratch_; }
  /// Inputs: x, the kernel, the epilogue's operands. Outputs: y, or the epilogue's.
  void run(const Call& call) const;

 private:
  void run_blocks(const Call& call, std::int64_t begin, std::int64_t end, const float* kernel,
                  std::byte* slot) const;
  void run_block(const Call& call, const ConvolutionPhase& phase, std::int64_t first,
                 const float* kernel, std::byte* slot) const;
  void spread_image(const Call& call, std::int64_t image, const float* kernel,
                    std::byte* slot) const;
  void finish(const Call& call, const ConvolutionPhase& phase, std::int64_t first,
              std::int64_t last, const float* block) const;

  ConvolutionShape shape_;
  Level level_;
  std::shared_ptr<const TileProgram> epilogue_;
  std::vector<ConvolutionPhase> phases_;
  std::int64_t block_rows_ = 1;  // positions whose patches are gathered at a time
  std::int64_t panel_stride_ = 0;
  std::int64_t blocks_ = 0, parts_ = 0;  // of positions, or images
  bool direct_ = false;                  // products are written where they belong
  std::size_t slots_offset_ = 0, block_offset_ = 0, slot_bytes_ = 0, scratch_ = 0;
};

/// The gradient of a convolution's kernel: patches^T dy, the sum over all positions. Positions are
/// cut into fixed parts, added in order.
class KernelGradientPlan {
 public:
  /// `shape` is that of the convolution, not transposed.
  KernelGradientPlan(const ConvolutionShape& shape, Level level);
  std::size_t scratch() const { return scratch_; }
  /// Inputs: x, dy. Output: [kernel_height, kernel_width, in_channels, out_channels].
  void run(const Call& call) const;

 private:
  void run_part(const Call& call, std::int64_t group, std::int64_t first, std::int64_t last,
                float* sum, std::byte* slot) const;

  ConvolutionShape shape_;
  Level level_;
  Patches patches_;  // of a group of the kernel's rows
  std::int64_t positions_ = 0;
  std::int64_t groups_ = 1;  // of the kernel's rows, each with products of its own
  std::int64_t splits_ = 1;  // of the positions
  std::int64_t block_rows_ = 1;
  std::int64_t panel_stride_ = 0;
  std::size_t slots_offset_ = 0, packed_offset_ = 0, slot_bytes_ = 0;
  std::size_t scratch_ = 0;
};

}  // namespace abax
