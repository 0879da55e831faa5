// Kernel source: adding rows to a table.
#include "ops/kernels/lookup.h"

#include "core/base/simd.h"

namespace abax::ABAX_LEVEL {
namespace {

void scatter_add(const float* updates, const std::int32_t* index, std::int64_t count, float* table,
                 std::int64_t row_width, TablePiece piece) {
  const std::int64_t columns = piece.end_column - piece.first_column;
  table += piece.first_column;
  updates += piece.first_column;
  for (std::int64_t i = 0; i < count; ++i) {
    if (index[i] < piece.first_row || index[i] >= piece.end_row) continue;
    float* to = table + index[i] * row_width;
    const float* from = updates + i * row_width;
    for_each_vector(columns, [&](std::int64_t j, auto lanes) {
      store(to + j, load(to + j, lanes) + load(from + j, lanes), lanes);
    });
  }
}

}  // namespace

extern const LookupKernels lookup_kernels;
const LookupKernels lookup_kernels = {
    .scatter_add = scatter_add,
};

}  // namespace abax::ABAX_LEVEL
