// What the time steps of recurrent layers share: the product on packed weights, the units of a row.
// For kernel sources.
#pragma once

#include <cstdint>

#include "core/base/simd.h"
#include "core/base/sizes.h"
#include "ops/kernels/gemm.h"

namespace abax::ABAX_LEVEL {

extern const GemmKernels gemm_kernels;

namespace {

constexpr std::int64_t panel = 2 * width;  // columns of a panel of the matrix product
constexpr std::int64_t k_block = 1024;     // where the chain of multiply-adds is cut

/// Calls body with the registers of the units [begin, end) of a row.
template <class Body>
[[gnu::always_inline]] inline void for_units(std::int64_t begin, std::int64_t end, Body&& body) {
  for_each_vector(end - begin, [&](std::int64_t i, auto lanes) { body(begin + i, lanes); });
}

/// c [m, n] = a [m, k] b [k, n], b in panels.
void multiply(std::int64_t m, std::int64_t n, std::int64_t k, const MatrixView& a, const float* b,
              float* c, std::int64_t c_stride) {
  for (std::int64_t p = 0; p < k; p += k_block) {
    GemmBlock block;
    block.m = m, block.n = n, block.k = least(k - p, k_block);
    block.a = a.from(0, p);
    block.b = b + p * panel;
    block.panel_stride = k * panel;
    block.b_row_stride = panel;
    block.c = c;
    block.c_row_stride = c_stride;
    block.add = p > 0;
    block.last_tile = gemm_tiles(m, gemm_kernels.tile_rows);
    block.last_panel = gemm_panels(n, panel);
    gemm_kernels.block(block);
  }
}

std::int64_t length_of(const std::int32_t* lengths, std::int64_t row, std::int64_t time) {
  return lengths ? lengths[row] : time;
}

template <class Lanes>
inline F load_or_zero(const float* x, std::int64_t at, Lanes lanes) {
  return x ? load(x + at, lanes) : F(0.f);
}

}  // namespace
}  // namespace abax::ABAX_LEVEL
