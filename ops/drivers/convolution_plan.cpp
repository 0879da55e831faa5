// Plans and runs convolutions over the kernels of convolution.h and gemm.h.
#include "ops/drivers/convolution_plan.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "ops/drivers/partition.h"
#include "ops/kernels/normalise.h"
#include "ops/kernels/shape.h"
#include "ops/kernels/table.h"

namespace abax {
namespace {

// Floats of patches that are gathered at a time: the kernel needs the second-level cache as well.
constexpr std::int64_t panel_floats = 32 * 1024;
/// Rows that do not begin at the same cache sets.
std::int64_t row_stride(std::int64_t size) { return round_up(size, 16) + 16; }

/// The positions of one axis of a transposed convolution whose sum with `before` leaves `residue`
/// when divided by the stride, and the taps that reach them.
struct AxisPhase {
  std::int64_t out_first, count;  // positions out_first, out_first + stride, ...
  std::int64_t taps;
  std::int64_t in_first;   // the first input of the first position
  std::int64_t first_tap;  // the tap of that input; later inputs have earlier taps
};
AxisPhase axis_phase(std::int64_t residue, std::int64_t stride, std::int64_t before,
                     std::int64_t kernel, std::int64_t out) {
  // Output p is the sum over inputs i and taps u with i * stride + u = p + before.
  const std::int64_t first = ((residue - before) % stride + stride) % stride;
  const std::int64_t taps = residue < kernel ? ceil_div(kernel - residue, stride) : 0;
  return {first, first < out ? ceil_div(out - first, stride) : 0, taps,
          (first + before) / stride - (taps - 1), residue + (taps - 1) * stride};
}

/// Whether the products of each input with all taps are formed first, as a matrix, and then added
/// where they belong: with few outputs a pixel, the panels of a phase would be mostly empty.
bool spreads(const ConvolutionShape& s) {
  return s.transposed && s.out_channels <= 4 && s.kernel_height * s.kernel_width > 1;
}

/// The kernel as a matrix [in_channels, taps * out_channels], in panels.
void pack_spread(const ConvolutionShape& s, std::int64_t panel_columns, const float* kernel,
                 float* packed) {
  const std::int64_t n = s.out_channels, k = s.in_channels;
  const std::int64_t columns = s.kernel_height * s.kernel_width * n;
  for (std::int64_t panel = 0; panel < gemm_panels(columns, panel_columns); ++panel)
    for (std::int64_t c = 0; c < k; ++c)
      for (std::int64_t j = panel * panel_columns; j < (panel + 1) * panel_columns; ++j) {
        const std::int64_t tap = j / std::max<std::int64_t>(1, n), o = j - tap * n;
        *packed++ = j < columns ? kernel[tap * k * n + (s.swapped ? o * k + c : c * n + o)] : 0.f;
      }
}

/// The patches of the convolution whose transpose this is: from its outputs to its inputs.
Patches transposed_patches(ConvolutionShape s) {
  std::swap(s.in_height, s.out_height);
  std::swap(s.in_width, s.out_width);
  std::swap(s.in_channels, s.out_channels);
  return patches_of(s);
}

}  // namespace

double ConvolutionShape::multiply_adds() const {
  const std::int64_t positions =
      transposed ? in_height * in_width : out_height * out_width;  // of the strided side
  return static_cast<double>(batch * positions) *
         static_cast<double>(kernel_height * kernel_width) *
         static_cast<double>(in_channels * out_channels);
}

Patches patches_of(const ConvolutionShape& s) {
  return {.height = s.in_height,
          .width = s.in_width,
          .channels = s.in_channels,
          .lines = s.out_height,
          .columns = s.out_width,
          .line_step = s.stride,
          .column_step = s.stride,
          .first_row = -s.top,
          .first_column = -s.left,
          .tap_rows = s.kernel_height,
          .tap_columns = s.kernel_width};
}

std::vector<ConvolutionPhase> phases_of(const ConvolutionShape& s, std::int64_t panel_columns) {
  if (!s.transposed)
    return {{.patches = patches_of(s), .rows = s.batch * s.out_height * s.out_width}};
  std::vector<ConvolutionPhase> phases;
  const std::int64_t columns = gemm_panels(s.out_channels, panel_columns) * panel_columns;
  std::int64_t packed = 0;
  for (std::int64_t i = 0; i < s.stride; ++i)
    for (std::int64_t j = 0; j < s.stride; ++j) {
      const AxisPhase v = axis_phase(i, s.stride, s.top, s.kernel_height, s.out_height);
      const AxisPhase h = axis_phase(j, s.stride, s.left, s.kernel_width, s.out_width);
      phases.push_back({.patches = {.height = s.in_height,
                                    .width = s.in_width,
                                    .channels = s.in_channels,
                                    .lines = v.count,
                                    .columns = h.count,
                                    .first_row = v.in_first,
                                    .first_column = h.in_first,
                                    .tap_rows = v.taps,
                                    .tap_columns = h.taps},
                        .rows = s.batch * v.count * h.count,
                        .first_tap_row = v.first_tap,
                        .first_tap_column = h.first_tap,
                        .tap_step = -s.stride,
                        .out_line = v.out_first,
                        .out_column = h.out_first,
                        .out_step = s.stride,
                        .packed_offset = packed});
      packed += phases.back().patches.row_size() * columns;
    }
  return phases;
}

void pack_kernel(const ConvolutionShape& s, Level level, const float* kernel, float* packed,
                 const Call& call) {
  const GemmKernels& gemm = *kernels(level).gemm;
  if (spreads(s)) return pack_spread(s, gemm.panel_columns, kernel, packed);
  const std::int64_t n = s.out_channels, k = s.in_channels, columns = gemm.panel_columns;
  const std::int64_t panels = gemm_panels(n, columns);
  const std::vector<ConvolutionPhase> phases = phases_of(s, columns);
  call.loop(panels, [&](std::int64_t panel) {
    for (const ConvolutionPhase& phase : phases) {
      float* to = packed + phase.packed_offset + panel * phase.patches.row_size() * columns;
      for (std::int64_t i = 0; i < phase.patches.tap_rows; ++i)
        for (std::int64_t j = 0; j < phase.patches.tap_columns; ++j, to += k * columns) {
          const std::int64_t tap = (phase.first_tap_row + i * phase.tap_step) * s.kernel_width +
                                   phase.first_tap_column + j * phase.tap_step;
          const float* from = kernel + tap * k * n;  // [k, n], or [n, k]
          gemm.pack_b(s.swapped ? MatrixView{from, 1, k} : MatrixView{from, n, 1}, k, n, panel,
                      panel + 1, to);
        }
    }
  });
}

ConvolutionPlan::ConvolutionPlan(const ConvolutionShape& shape, Level level,
                                 std::shared_ptr<const TileProgram> epilogue)
    : shape_(shape), level_(level), epilogue_(std::move(epilogue)) {
  const GemmKernels& gemm = *kernels(level).gemm;
  phases_ = phases_of(shape, gemm.panel_columns);
  std::int64_t most_k = 0, most_rows = 0;
  for (const ConvolutionPhase& phase : phases_) {
    most_k = std::max(most_k, phase.patches.row_size());
    most_rows = std::max(most_rows, phase.rows);
  }
  if (most_rows == 0 || shape.out_channels == 0) return;
  slots_offset_ =
      shape.packed
          ? 0
          : scratch_of(packed_b_floats(shape.kernel_height * shape.kernel_width * shape.in_channels,
                                       shape.out_channels));
  const std::int64_t wanted = parts_of(shape.multiply_adds());
  if (spreads(shape)) {
    blocks_ = shape.batch;
    parts_ = std::min(blocks_, wanted);
    const Patches patches = transposed_patches(shape);
    block_offset_ = scratch_of(patches.lines * patches.columns * patches.row_size());
    slot_bytes_ =
        block_offset_ + scratch_of(shape.out_height * shape.out_width * shape.out_channels);
    scratch_ = slots_offset_ + slot_bytes_ * static_cast<std::size_t>(parts_);
    return;
  }
  direct_ = !epilogue_ && (!shape.transposed || shape.stride == 1);
  panel_stride_ = row_stride(most_k);
  const std::int64_t tiles =
      std::clamp<std::int64_t>(panel_floats / (panel_stride_ * gemm.tile_rows), 1, gemm_few_tiles);
  block_rows_ = std::min(most_rows, tiles * gemm.tile_rows);
  for (const ConvolutionPhase& phase : phases_) blocks_ += ceil_div(phase.rows, block_rows_);
  parts_ = std::min(blocks_, wanted);
  block_offset_ = scratch_of(block_rows_ * panel_stride_);
  slot_bytes_ = block_offset_ + (direct_ ? 0 : scratch_of(block_rows_ * shape.out_channels));
  scratch_ = slots_offset_ + slot_bytes_ * static_cast<std::size_t>(parts_);
}

void ConvolutionPlan::run(const Call& call) const {
  if (blocks_ == 0) return;
  const float* kernel = call.in<float>(1);
  if (!shape_.packed) {
    float* packed = reinterpret_cast<float*>(call.scratch);
    pack_kernel(shape_, level_, kernel, packed, call);
    kernel = packed;
  }
  ScratchSlots slots;
  call.loop(parts_, [&](std::int64_t part) {
    const int slot = slots.take();
    std::byte* scratch =
        call.scratch + slots_offset_ + static_cast<std::size_t>(slot) * slot_bytes_;
    const std::int64_t begin = part_begin(blocks_, parts_, part);
    const std::int64_t end = part_begin(blocks_, parts_, part + 1);
    run_blocks(call, begin, end, kernel, scratch);
    slots.give_back(slot);
  });
}

void ConvolutionPlan::run_blocks(const Call& call, std::int64_t begin, std::int64_t end,
                                 const float* kernel, std::byte* slot) const {
  if (spreads(shape_)) {
    for (std::int64_t image = begin; image < end; ++image) spread_image(call, image, kernel, slot);
    return;
  }
  std::int64_t first = 0;  // block of the phase
  for (const ConvolutionPhase& phase : phases_) {
    const std::int64_t count = ceil_div(phase.rows, block_rows_);
    for (std::int64_t b = std::max(begin, first); b < std::min(end, first + count); ++b)
      run_block(call, phase, (b - first) * block_rows_, kernel, slot);
    first += count;
  }
}

void ConvolutionPlan::run_block(const Call& call, const ConvolutionPhase& phase, std::int64_t first,
                                const float* kernel, std::byte* slot) const {
  const GemmKernels& gemm = *kernels(level_).gemm;
  const std::int64_t n = shape_.out_channels, k = phase.patches.row_size();
  const std::int64_t last = std::min(first + block_rows_, phase.rows);
  float* const panel = reinterpret_cast<float*>(slot);
  float* const result =
      direct_ ? call.out<float>(0) + first * n : reinterpret_cast<float*>(slot + block_offset_);
  kernels(level_).convolution->gather(phase.patches, call.in<float>(0), first, last, panel,
                                      panel_stride_);
  const std::int64_t cuts = std::max<std::int64_t>(1, ceil_div(k, longest_chain));
  for (std::int64_t cut = 0; cut < cuts; ++cut) {
    const std::int64_t begin = part_begin(k, cuts, cut);
    gemm.block({.m = last - first,
                .n = n,
                .k = part_begin(k, cuts, cut + 1) - begin,
                .a = {panel + begin, panel_stride_, 1},
                .b = kernel + phase.packed_offset + begin * gemm.panel_columns,
                .panel_stride = k * gemm.panel_columns,
                .b_row_stride = gemm.panel_columns,
                .c = result,
                .c_row_stride = n,
                .add = cut > 0,
                .last_tile = gemm_tiles(last - first, gemm.tile_rows),
                .last_panel = gemm_panels(n, gemm.panel_columns)});
  }
  if (!direct_) finish(call, phase, first, last, result);
}

void ConvolutionPlan::spread_image(const Call& call, std::int64_t image, const float* kernel,
                                   std::byte* slot) const {
  const GemmKernels& gemm = *kernels(level_).gemm;
  const Patches patches = transposed_patches(shape_);
  const std::int64_t m = patches.lines * patches.columns, n = patches.row_size();
  const std::int64_t k = shape_.in_channels;
  const std::int64_t size = shape_.out_height * shape_.out_width * shape_.out_channels;
  float* const products = reinterpret_cast<float*>(slot);  // [lines, columns, taps, out_channels]
  float* const result = epilogue_ ? reinterpret_cast<float*>(slot + block_offset_)
                                  : call.out<float>(0) + image * size;
  const std::int64_t cuts = std::max<std::int64_t>(1, ceil_div(k, longest_chain));
  for (std::int64_t cut = 0; cut < cuts; ++cut) {
    const std::int64_t begin = part_begin(k, cuts, cut);
    gemm.block({.m = m,
                .n = n,
                .k = part_begin(k, cuts, cut + 1) - begin,
                .a = {call.in<float>(0) + image * m * k + begin, k, 1},
                .b = kernel + begin * gemm.panel_columns,
                .panel_stride = k * gemm.panel_columns,
                .b_row_stride = gemm.panel_columns,
                .c = products,
                .c_row_stride = n,
                .add = cut > 0,
                .last_tile = gemm_tiles(m, gemm.tile_rows),
                .last_panel = gemm_panels(n, gemm.panel_columns)});
  }
  kernels(level_).convolution->spread(patches, products, result);
  if (epilogue_)
    epilogue_->run_from(level_, result, call.inputs + 1, call.outputs, image * size,
                        (image + 1) * size);
}

/// Runs the epilogue over a block of positions, or copies it, to where the positions lie.
void ConvolutionPlan::finish(const Call& call, const ConvolutionPhase& phase, std::int64_t first,
                             std::int64_t last, const float* block) const {
  const std::int64_t n = shape_.out_channels;
  // Operand 0 is the block; Call's inputs 0 and 1 are x and the kernel.
  const void* const* operands = call.inputs + 1;
  if (phase.out_step == 1) {  // positions follow one another
    epilogue_->run_from(level_, block, operands, call.outputs, first * n, last * n);
    return;
  }
  const Patches& p = phase.patches;
  for (std::int64_t row = first; row < last; ++row, block += n) {
    const std::int64_t column = row % p.columns, line = row / p.columns % p.lines;
    const std::int64_t image = row / p.columns / p.lines;
    const std::int64_t position =
        ((image * shape_.out_height + phase.out_line + line * phase.out_step) * shape_.out_width +
         phase.out_column + column * phase.out_step) *
        n;
    if (epilogue_)
      epilogue_->run_from(level_, block, operands, call.outputs, position, position + n);
    else
      std::memcpy(call.out<float>(0) + position, block,
                  static_cast<std::size_t>(n) * sizeof(float));
  }
}

KernelGradientPlan::KernelGradientPlan(const ConvolutionShape& shape, Level level)
    : shape_(shape), level_(level), patches_(patches_of(shape)) {
  const GemmKernels& gemm = *kernels(level).gemm;
  positions_ = shape.batch * shape.out_height * shape.out_width;
  // A row of the kernel is enough for a product of its own, unless it is very short.
  if (shape.kernel_width * shape.in_channels >= 64) groups_ = shape.kernel_height;
  patches_.tap_rows = shape.kernel_height / groups_;
  const std::int64_t size = patches_.row_size(), n = shape.out_channels;
  if (positions_ == 0 || size == 0 || n == 0) return;
  // The product's last panel is read in full.
  panel_stride_ = row_stride(gemm_panels(size, gemm.panel_columns) * gemm.panel_columns);
  block_rows_ =
      std::min(positions_, std::clamp<std::int64_t>(3 * panel_floats / panel_stride_, 32, 512));
  const std::int64_t most = std::max<std::int64_t>(1, most_parts / groups_);
  splits_ = std::min(
      ceil_div(positions_, block_rows_),
      static_cast<std::int64_t>(std::clamp(
          shape.multiply_adds() / static_cast<double>(groups_) / part_work, 1., double(most))));
  slots_offset_ = scratch_of(splits_ * groups_ * size * n);
  packed_offset_ = scratch_of(block_rows_ * panel_stride_);
  slot_bytes_ = packed_offset_ + scratch_of(block_rows_ * n);
  scratch_ = slots_offset_ + slot_bytes_ * static_cast<std::size_t>(groups_ * splits_);
}

void KernelGradientPlan::run(const Call& call) const {
  float* const out = call.out<float>(0);
  const std::int64_t part_size = patches_.row_size() * shape_.out_channels;
  const std::int64_t size = groups_ * part_size;
  if (size == 0) return;
  if (positions_ == 0) {
    std::memset(out, 0, static_cast<std::size_t>(size) * sizeof(float));
    return;
  }
  float* const sums = reinterpret_cast<float*>(call.scratch);  // [splits, groups, n, row]
  ScratchSlots slots;
  call.loop(groups_ * splits_, [&](std::int64_t part) {
    const std::int64_t group = part / splits_, split = part % splits_;
    const int slot = slots.take();
    run_part(call, group, part_begin(positions_, splits_, split),
             part_begin(positions_, splits_, split + 1), sums + split * size + group * part_size,
             call.scratch + slots_offset_ + static_cast<std::size_t>(slot) * slot_bytes_);
    slots.give_back(slot);
  });
  const std::int64_t row = patches_.row_size(), n = shape_.out_channels;
  call.loop(groups_, [&](std::int64_t group) {
    float* const sum = sums + group * part_size;
    if (splits_ > 1) kernels(level_).normalise->add_parts(sum, splits_, size, sum, part_size);
    kernels(level_).shape->transpose_words(sum, row, out + group * part_size, n, n, row);
  });
}

/// sum [n, row] = dy^T patches: that way round the patches are multiplied as they are gathered.
void KernelGradientPlan::run_part(const Call& call, std::int64_t group, std::int64_t first,
                                  std::int64_t last, float* sum, std::byte* slot) const {
  const GemmKernels& gemm = *kernels(level_).gemm;
  const std::int64_t row = patches_.row_size(), n = shape_.out_channels;
  const std::int64_t tiles = gemm_tiles(n, gemm.tile_rows);
  Patches patches = patches_;
  patches.first_row += group * patches.tap_rows;
  float* const panel = reinterpret_cast<float*>(slot);
  float* const packed = reinterpret_cast<float*>(slot + packed_offset_);
  const std::int64_t blocks = ceil_div(last - first, block_rows_);
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::int64_t begin = first + part_begin(last - first, blocks, i);
    const std::int64_t k = first + part_begin(last - first, blocks, i + 1) - begin;
    kernels(level_).convolution->gather(patches, call.in<float>(0), begin, begin + k, panel,
                                        panel_stride_);
    gemm.pack_a({call.in<float>(1) + begin * n, 1, n}, n, k, 0, tiles, packed);
    // Panels outside: one of the patches stays in the first-level cache while dy passes by.
    for (std::int64_t q = 0; q < gemm_panels(row, gemm.panel_columns); ++q)
      gemm.block({.m = n,
                  .n = row,
                  .k = k,
                  .a = {packed, 0, 1},
                  .a_packed = true,
                  .b = panel + q * gemm.panel_columns,
                  .panel_stride = gemm.panel_columns,
                  .b_row_stride = panel_stride_,
                  .c = sum + q * gemm.panel_columns,
                  .c_row_stride = row,
                  .add = i > 0,
                  .last_tile = tiles,
                  .first_panel = q,
                  .last_panel = q + 1});
  }
}

}  // namespace abax
