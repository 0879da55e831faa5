// What the recurrent ops share: checked lengths, the cut of a step.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {

inline std::int64_t round_up(std::int64_t x, std::int64_t to) { return (x + to - 1) / to * to; }

/// Throws DataError where a length is outside [0, time]; `lengths` may be null.
inline void check_lengths(const std::int32_t* lengths, std::int64_t batch, std::int64_t time,
                          const std::string& name) {
  for (std::int64_t row = 0; lengths && row < batch; ++row)
    if (lengths[row] < 0 || lengths[row] > time)
      throw DataError(
          text(name, ": length ", lengths[row], " of row ", row, " is not in [0, ", time, "]"));
}

/// Pieces of a step of `blocks` blocks of units, from its shape alone: a power of two, each worth
/// some ten microseconds.
inline std::int64_t pieces_of_step(std::int64_t blocks, std::int64_t flops) {
  std::int64_t pieces = 1;
  while (pieces < 16 && 2 * pieces <= blocks && flops / (2 * pieces) >= 1'000'000) pieces *= 2;
  return pieces;
}

}  // namespace abax
