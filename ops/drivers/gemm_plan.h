// A whole matrix product, planned for its shape and level: parts, blocks, batches, epilogue.
// Calls the kernels of kernels/gemm.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/tile.h"
#include "core/graph/op.h"
#include "ops/kernels/gemm.h"

namespace abax {

/// c [batch, m, n] = op(a) op(b), dense and row-major, where op(a) is [m, k] and op(b) [k, n].
struct GemmShape {
  std::int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false;  // a is stored [k, m]
  bool transpose_b = false;  // b is stored [n, k]
  bool packed_b = false;     // b is what pack_b_whole wrote (one matrix for all items)
  /// Where each item's a and b start, in floats: broadcast items repeat. As many as items.
  std::vector<std::int64_t> a_offsets{0}, b_offsets{0};
};

/// How one shape is computed at one level. Everything about it, bits included, depends on these
/// alone: k is cut into ceil(k / 1024) blocks, as even as possible; each block's sum is a chain
/// (see gemm.h), and the blocks are added in order. So an element's bits do not depend on m, n, the
/// batch, transposes or packing either.
class GemmPlan {
 public:
  /// `epilogue` may be null; its further operands follow a and b in Call::inputs. Its outputs may
  /// share memory with those, but with neither a nor b.
  GemmPlan(GemmShape shape, Level level, std::shared_ptr<const TileProgram> epilogue);

  /// Bytes of Call::scratch that run() needs.
  std::size_t scratch() const { return scratch_; }

  /// Inputs: a, b, the epilogue's operands. Outputs: c, or the epilogue's.
  void run(const Call& call) const;

 private:
  struct Item;
  struct Part;

  void plan_parts();
  void multiply(const Item& item, bool parallel) const;
  void multiply_part(const Item& item, const Part& part) const;
  void finish(const Item& item, const float* block, std::int64_t stride, std::int64_t first_row,
              std::int64_t last_row, std::int64_t first_column, std::int64_t last_column) const;

  GemmShape shape_;
  Level level_;
  std::shared_ptr<const TileProgram> epilogue_;
  const GemmKernels* kernels_;

  std::int64_t tiles_ = 0, panels_ = 0;  // of the whole product
  std::int64_t blocks_ = 1;              // of k
  std::int64_t block_k_ = 0;             // the largest of them
  std::int64_t row_parts_ = 1, column_parts_ = 1;
  std::int64_t tiles_at_once_ = 1;  // row tiles a call of the core
  std::int64_t group_panels_ = 1;   // panels whose block of b stays in the second-level cache
  std::int64_t item_parts_ = 0;     // parts of the batch, or 0: of each item
  bool pack_a_ = false;
  bool pack_b_ = false;  // else b is read in place or packed already
  // Offsets of scratch, in bytes. Shared by the parts of an item: packed a, sums of the k
  // blocks.
  std::size_t sums_offset_ = 0, slots_offset_ = 0;
  // Of a part: packed panels of b, a finished block for the epilogue.
  std::size_t block_offset_ = 0, slot_bytes_ = 0;
  std::size_t item_bytes_ = 0;  // shared and one slot, where items run side by side
  std::size_t scratch_ = 0;
};

/// Packs op(b) [k, n] for GemmShape::packed_b: packed_b_floats(k, n) floats, of which the layout
/// depends on the level.
void pack_b_whole(const GemmKernels& kernels, const MatrixView& b, std::int64_t k, std::int64_t n,
                  float* packed, const Call& call);

}  // namespace abax
