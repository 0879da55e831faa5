// Kernel part of gemm.cpp: packing the operands. Documented at GemmKernels.
#pragma once

#include "core/base/simd.h"
#include "ops/kernels/gemm.h"

namespace abax::ABAX_LEVEL {
namespace {

// Rows of the tallest tile and registers of a panel's row. The accumulators, a row of b and one
// broadcast element of a fill the registers: 14 x 2 + 2 + 1 of 32 at AVX-512, 6 x 2 + 2 + 1 of 16
// at AVX2; SSE2 needs one more for the product that its missing fma leaves.
constexpr int tile_rows = width == 16 ? 14 : width == 8 ? 6 : 5;
constexpr int panel_vectors = 2;
constexpr std::int64_t panel_columns = panel_vectors * width;

}  // namespace

void pack_b(const MatrixView& b, std::int64_t k, std::int64_t n, std::int64_t first,
            std::int64_t last, float* packed);
void pack_a(const MatrixView& a, std::int64_t m, std::int64_t k, std::int64_t first,
            std::int64_t last, float* packed);

}  // namespace abax::ABAX_LEVEL
