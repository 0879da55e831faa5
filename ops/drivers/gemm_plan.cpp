// Plans and runs whole matrix products over the kernels of gemm.h.
#include "ops/drivers/gemm_plan.h"

#include <algorithm>

#include "ops/drivers/partition.h"
#include "ops/kernels/table.h"

namespace abax {
namespace {

// Floats of b that stay in the second-level cache while the rows of a pass by.
constexpr std::int64_t group_floats = 96 * 1024;
constexpr std::int64_t group_columns = 512;
// Products smaller than this run side by side, larger ones one after the other with parts
// inside.
constexpr double large_item = 8e6;

}  // namespace

/// One product of the batch.
struct GemmPlan::Item {
  const Call* call;
  MatrixView a, b;
  float* c;               // null where an epilogue writes the results
  std::int64_t position;  // of element (0, 0) in the whole output
  std::byte* scratch;     // the shared part and the slots
};

/// A block of k of a part's rows and columns.
struct GemmPlan::Part {
  std::int64_t first_k, last_k;
  std::int64_t first_tile, last_tile, first_panel, last_panel;
  std::byte* slot;
};

GemmPlan::GemmPlan(GemmShape shape, Level level, std::shared_ptr<const TileProgram> epilogue)
    : shape_(std::move(shape)),
      level_(level),
      epilogue_(std::move(epilogue)),
      kernels_(kernels(level).gemm) {
  const std::int64_t m = shape_.m, n = shape_.n, k = shape_.k;
  const std::int64_t rows = kernels_->tile_rows, columns = kernels_->panel_columns;
  if (m == 0 || n == 0 || shape_.a_offsets.empty()) return;
  tiles_ = gemm_tiles(m, rows);
  panels_ = gemm_panels(n, columns);
  blocks_ = std::max<std::int64_t>(1, ceil_div(k, longest_chain));
  block_k_ = ceil_div(k, blocks_);
  // A copy of a costs about as much as 60 columns of the product. It pays for many columns, and
  // where rows of a share cache sets or its columns are far apart.
  pack_a_ = m > 1 && (n >= 1024 || (n > 2 * columns && (shape_.transpose_a || k % 512 == 0)));
  // A copy of b pays where many rows are multiplied with it; without a transpose few can read it in
  // place.
  pack_b_ = !shape_.packed_b && (shape_.transpose_b || m > 2 * rows);
  plan_parts();

  const std::int64_t part_panels = ceil_div(panels_, column_parts_);
  tiles_at_once_ = ceil_div(tiles_, row_parts_) <= gemm_few_tiles ? gemm_few_tiles : 1;
  // With few rows a panel is not met again: only what is packed for this group has to stay in the
  // cache.
  const std::int64_t most_columns =
      tiles_at_once_ > 1 && !pack_b_
          ? group_columns
          : std::min(group_floats / std::max<std::int64_t>(1, block_k_), group_columns);
  const std::int64_t most = std::max<std::int64_t>(1, most_columns / columns);
  group_panels_ = ceil_div(part_panels, ceil_div(part_panels, most));

  sums_offset_ = pack_a_ ? scratch_of(m * block_k_) : 0;
  slots_offset_ = sums_offset_ + (epilogue_ && blocks_ > 1 ? scratch_of(m * n) : 0);
  const bool in_place = !pack_b_ && !shape_.packed_b;
  block_offset_ = pack_b_    ? scratch_of(group_panels_ * columns * block_k_)
                  : in_place ? scratch_of(n % columns ? columns * block_k_ : 0)
                             : 0;
  slot_bytes_ =
      block_offset_ +
      (epilogue_ && blocks_ == 1 ? scratch_of(tiles_at_once_ * rows * group_panels_ * columns) : 0);
  item_bytes_ = slots_offset_ + slot_bytes_;
  scratch_ =
      item_parts_ > 0
          ? item_bytes_ * static_cast<std::size_t>(item_parts_)
          : slots_offset_ + slot_bytes_ * static_cast<std::size_t>(row_parts_ * column_parts_);
}

void GemmPlan::plan_parts() {
  const double work = static_cast<double>(shape_.m) * static_cast<double>(shape_.n) *
                      static_cast<double>(std::max<std::int64_t>(1, shape_.k));
  const std::int64_t items = static_cast<std::int64_t>(shape_.a_offsets.size());
  if (items > 1 && work < large_item) {
    item_parts_ = std::min(items, parts_of(work * static_cast<double>(items)));
    return;
  }
  // Of the grids with that many parts, the one with the least work in the largest of them,
  // counting also what they read: each part of rows all of b (and packs it), each part of columns
  // all of a.
  const std::int64_t wanted = parts_of(work);
  const double read_cost = 8, pack_cost = 16;  // in multiply-adds an element
  double best = 0;
  for (std::int64_t r = 1; r <= wanted; r *= 2) {
    const std::int64_t c = std::min(panels_, wanted / r);
    if (r > tiles_) break;
    const double share = static_cast<double>(ceil_div(tiles_, r) * ceil_div(panels_, c)) /
                         static_cast<double>(tiles_ * panels_);
    const double parts = static_cast<double>(r * c);
    const double k = static_cast<double>(shape_.k);
    const double cost = work * share * parts + static_cast<double>(c * shape_.m) * k * read_cost +
                        static_cast<double>(r * shape_.n) * k * (pack_b_ ? pack_cost : read_cost);
    if (best == 0 || cost < best) {
      best = cost;
      row_parts_ = r;
      column_parts_ = c;
    }
  }
}

void GemmPlan::run(const Call& call) const {
  if (tiles_ == 0) return;
  const auto item = [&](std::int64_t i, std::byte* scratch) {
    const std::size_t at = static_cast<std::size_t>(i);
    const float* a = call.in<float>(0) + shape_.a_offsets[at];
    const float* b = call.in<float>(1) + shape_.b_offsets[at];
    const std::int64_t position = i * shape_.m * shape_.n;
    return Item{.call = &call,
                .a = shape_.transpose_a ? MatrixView{a, 1, shape_.m} : MatrixView{a, shape_.k, 1},
                .b = shape_.transpose_b ? MatrixView{b, 1, shape_.k} : MatrixView{b, shape_.n, 1},
                .c = epilogue_ ? nullptr : call.out<float>(0) + position,
                .position = position,
                .scratch = scratch};
  };
  const std::int64_t items = static_cast<std::int64_t>(shape_.a_offsets.size());
  if (item_parts_ == 0) {
    for (std::int64_t i = 0; i < items; ++i) multiply(item(i, call.scratch), true);
    return;
  }
  ScratchSlots slots;
  call.loop(item_parts_, [&](std::int64_t part) {
    const int slot = slots.take();
    std::byte* scratch = call.scratch + static_cast<std::size_t>(slot) * item_bytes_;
    const std::int64_t end = part_begin(items, item_parts_, part + 1);
    for (std::int64_t i = part_begin(items, item_parts_, part); i < end; ++i)
      multiply(item(i, scratch), false);
    slots.give_back(slot);
  });
}

void GemmPlan::multiply(const Item& item, bool parallel) const {
  const auto loop = [&](std::int64_t count, FunctionRef<void(std::int64_t)> body) {
    if (parallel) return item.call->loop(count, body);
    for (std::int64_t i = 0; i < count; ++i) body(i);
  };
  for (std::int64_t block = 0; block < blocks_; ++block) {
    const std::int64_t first_k = part_begin(shape_.k, blocks_, block);
    const std::int64_t last_k = part_begin(shape_.k, blocks_, block + 1);
    if (pack_a_) {
      const std::int64_t parts = std::clamp<std::int64_t>(shape_.m * (last_k - first_k) / 65536, 1,
                                                          std::min(tiles_, most_parts));
      loop(parts, [&](std::int64_t part) {
        kernels_->pack_a(item.a.from(0, first_k), shape_.m, last_k - first_k,
                         part_begin(tiles_, parts, part), part_begin(tiles_, parts, part + 1),
                         reinterpret_cast<float*>(item.scratch));
      });
    }
    ScratchSlots slots;
    loop(row_parts_ * column_parts_, [&](std::int64_t part) {
      const std::int64_t row = part / column_parts_, column = part % column_parts_;
      const int slot = slots.take();
      multiply_part(item, {.first_k = first_k,
                           .last_k = last_k,
                           .first_tile = part_begin(tiles_, row_parts_, row),
                           .last_tile = part_begin(tiles_, row_parts_, row + 1),
                           .first_panel = part_begin(panels_, column_parts_, column),
                           .last_panel = part_begin(panels_, column_parts_, column + 1),
                           .slot = item.scratch + slots_offset_ +
                                   static_cast<std::size_t>(slot) * slot_bytes_});
      slots.give_back(slot);
    });
  }
}

void GemmPlan::multiply_part(const Item& item, const Part& part) const {
  const std::int64_t k = part.last_k - part.first_k, columns = kernels_->panel_columns;
  const bool in_place = !pack_b_ && !shape_.packed_b;
  const std::int64_t whole_panels = shape_.n / columns;  // these can be read in place
  GemmBlock block{.m = shape_.m, .n = shape_.n, .k = k, .a = item.a.from(0, part.first_k)};
  if (pack_a_) block.a.data = reinterpret_cast<const float*>(item.scratch);
  block.a_packed = pack_a_;
  block.add = part.first_k > 0;
  float* const sums = item.c ? item.c : reinterpret_cast<float*>(item.scratch + sums_offset_);
  float* const packed = reinterpret_cast<float*>(part.slot);
  float* const finished = reinterpret_cast<float*>(part.slot + block_offset_);
  const bool finish_from_tile = epilogue_ && blocks_ == 1;
  const bool last = part.last_k == shape_.k;

  for (std::int64_t panel = part.first_panel, end; panel < part.last_panel; panel = end) {
    end = std::min(panel + group_panels_, part.last_panel);
    if (in_place && panel < whole_panels) end = std::min(end, whole_panels);
    block.panel_stride = k * columns;
    block.b_row_stride = columns;
    if (shape_.packed_b) {
      block.panel_stride = shape_.k * columns;
      block.b = item.b.data + panel * block.panel_stride + part.first_k * columns;
    } else if (in_place && panel < whole_panels) {
      block.panel_stride = columns;
      block.b_row_stride = shape_.n;
      block.b = item.b.from(part.first_k, panel * columns).data;
    } else {
      kernels_->pack_b(item.b.from(part.first_k, 0), k, shape_.n, panel, end, packed);
      block.b = packed;
    }
    block.first_panel = panel;
    block.last_panel = end;
    const std::int64_t first_column = panel * columns;
    const std::int64_t last_column = std::min(end * columns, shape_.n);
    for (std::int64_t tile = part.first_tile; tile < part.last_tile; tile = block.last_tile) {
      block.first_tile = tile;
      block.last_tile = std::min(tile + tiles_at_once_, part.last_tile);
      const std::int64_t first_row = gemm_tile_begin(shape_.m, tiles_, tile);
      const std::int64_t last_row = gemm_tile_begin(shape_.m, tiles_, block.last_tile);
      block.c = finish_from_tile ? finished : sums + first_row * shape_.n + first_column;
      block.c_row_stride = finish_from_tile ? last_column - first_column : shape_.n;
      kernels_->block(block);
      if (epilogue_ && last)
        finish(item, block.c, block.c_row_stride, first_row, last_row, first_column, last_column);
    }
  }
}

/// Runs the epilogue over a block whose element (first_row, first_column) is block[0].
void GemmPlan::finish(const Item& item, const float* block, std::int64_t stride,
                      std::int64_t first_row, std::int64_t last_row, std::int64_t first_column,
                      std::int64_t last_column) const {
  // Operand 0 is the block; Call's inputs 0 and 1 are a and b, so that operand 1 is its input 2.
  const void* const* operands = item.call->inputs + 1;
  const std::int64_t columns = last_column - first_column;
  const bool together = columns == shape_.n && stride == shape_.n;  // rows follow one another
  const std::int64_t step = together ? last_row - first_row : 1;
  for (std::int64_t row = first_row; row < last_row; row += step, block += stride) {
    const std::int64_t begin = item.position + row * shape_.n + first_column;
    epilogue_->run_from(level_, block, operands, item.call->outputs, begin, begin + step * columns);
  }
}

void pack_b_whole(const GemmKernels& kernels, const MatrixView& b, std::int64_t k, std::int64_t n,
                  float* packed, const Call& call) {
  const std::int64_t panels = gemm_panels(n, kernels.panel_columns);
  const std::int64_t parts = std::clamp<std::int64_t>(
      k * n / 65536, 1, std::max<std::int64_t>(1, std::min(panels, most_parts)));
  call.loop(parts, [&](std::int64_t part) {
    const std::int64_t first = part_begin(panels, parts, part);
    kernels.pack_b(b, k, n, first, part_begin(panels, parts, part + 1),
                   packed + first * k * kernels.panel_columns);
  });
}

}  // namespace abax
