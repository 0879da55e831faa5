// Finds the kernel table of a level.
#include "ops/kernels/table.h"

#include <array>

namespace abax {

namespace sse2 {
extern const Kernels kernel_table;
}
namespace avx2 {
extern const Kernels kernel_table;
}
namespace avx512 {
extern const Kernels kernel_table;
}

const Kernels& kernels(Level level) {
  static constexpr std::array<const Kernels*, level_count> tables = {
      &sse2::kernel_table, &avx2::kernel_table, &avx512::kernel_table};
  return *tables[static_cast<std::size_t>(level)];
}

}  // namespace abax
