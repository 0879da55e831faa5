// Kernel source: the table of the level that this file is compiled for.
#include "ops/kernels/table.h"

namespace abax::ABAX_LEVEL {

// Each is defined in its family's kernel source. Only addresses are taken here, so that the table
// needs no code at start-up.
extern const GemmKernels gemm_kernels;

extern const Kernels kernel_table;
const Kernels kernel_table = {
    .gemm = &gemm_kernels,
};

}  // namespace abax::ABAX_LEVEL
