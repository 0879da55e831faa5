// What the recurrent ops share: checked lengths, the cut of a step.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/op.h"
#include "ops/drivers/partition.h"

namespace abax {

/// Throws DataError where a length is outside [0, time]; `lengths` may be null.
inline void check_lengths(const std::int32_t* lengths, std::int64_t batch, std::int64_t time,
                          const std::string& name) {
  for (std::int64_t row = 0; lengths && row < batch; ++row)
    if (lengths[row] < 0 || lengths[row] > time)
      throw DataError(
          str_cat(name, ": length ", lengths[row], " of row ", row, " is not in [0, ", time, "]"));
}

/// Floats of packed recurrent weights [hidden, gates * hidden]: at any SIMD level no more than with
/// blocks of 32 units.
inline std::int64_t packed_weights(std::int64_t gates, std::int64_t hidden) {
  return gates * hidden * round_up(hidden, 32);
}

/// How the hidden units of a step are cut: into blocks of `units`, as the weights are packed, which
/// some parts share out. Decided by the step's shape alone.
struct UnitBlocks {
  std::int64_t gates, batch, hidden;
  std::int64_t units;         // a block
  std::int64_t product_rows;  // gates whose products a part holds: all of them forward, else 1

  std::int64_t count() const { return ceil_div(hidden, units); }
  /// A power of two, each worth some ten microseconds.
  std::int64_t parts() const {
    const std::int64_t flops = 2 * gates * batch * hidden * hidden;
    std::int64_t parts = 1;
    while (parts < most_parts && 2 * parts <= count() && flops / (2 * parts) >= 1'000'000)
      parts *= 2;
    return parts;
  }
  std::int64_t begin(std::int64_t part) const { return part_begin(count(), parts(), part); }
  std::int64_t end(std::int64_t part) const { return begin(part + 1); }
  /// Floats of the product that a part works in.
  std::int64_t product() const { return round_up(batch * product_rows * units, 16); }
  /// Packs the weights, by one of the kernels' pack_forward and pack_backward.
  template <class Pack>
  void pack(const Call& call, Pack pack, const float* weight, float* packed) const {
    call.loop(parts(),
              [&](std::int64_t part) { pack(weight, hidden, begin(part), end(part), packed); });
  }
};

}  // namespace abax
