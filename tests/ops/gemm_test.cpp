// The matrix product's core against its definition, bit for bit, at every level that this machine
// has.
#include "ops/kernels/gemm.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "core/base/tensor.h"
#include "core/base/text.h"
#include "ops/kernels/table.h"

namespace abax {
namespace {

/// Numbers in (-1, 1) that repeat only after millions.
std::vector<float> numbers(std::int64_t count, std::uint32_t seed) {
  std::vector<float> values(static_cast<std::size_t>(count));
  values.reserve(1);  // none have a place, too
  std::uint32_t state = seed * 2654435761u + 1;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(static_cast<std::int32_t>(state)) / 2147483648.f;
  }
  return values;
}

struct Operand {
  std::vector<float> memory;
  MatrixView view;
};

/// A [rows, columns] matrix, its columns in memory where `transposed`, with `gap` floats between
/// lines.
Operand matrix(std::int64_t rows, std::int64_t columns, bool transposed, std::int64_t gap,
               std::uint32_t seed) {
  const std::int64_t line = (transposed ? rows : columns) + gap;
  Operand result{numbers((transposed ? columns : rows) * line, seed), {}};
  result.view = transposed ? MatrixView{result.memory.data(), 1, line}
                           : MatrixView{result.memory.data(), line, 1};
  return result;
}

float element(const MatrixView& x, std::int64_t i, std::int64_t j) {
  return x.data[i * x.row_stride + j * x.column_stride];
}

/// The definition: a chain along k, as the header promises it.
float chain(const MatrixView& a, const MatrixView& b, std::int64_t k, std::int64_t i,
            std::int64_t j, bool fused) {
  float sum = 0;
  for (std::int64_t p = 0; p < k; ++p) {
    const float x = element(a, i, p), y = element(b, p, j);
    sum = fused ? std::fma(x, y, sum) : x * y + sum;
  }
  return sum;
}

void check_block(Level level, std::int64_t m, std::int64_t n, std::int64_t k, int form) {
  CAPTURE(name_of(level));
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(k);
  CAPTURE(form);
  const GemmKernels& gemm = *kernels(level).gemm;
  const bool transpose_a = form & 1, transpose_b = form & 2, pack_a = form & 4, add = form & 8;
  const Operand a = matrix(m, k, transpose_a, form % 3, 1);
  const Operand b = matrix(k, n, transpose_b, form % 5, 2);
  const std::int64_t tiles = gemm_tiles(m, gemm.tile_rows);
  const std::int64_t panels = gemm_panels(n, gemm.panel_columns);
  Tensor packed_b({packed_b_floats(k, n)});
  gemm.pack_b(b.view, k, n, 0, panels, packed_b.as<float>().data());
  // Exactly m * k floats: the sanitizers see a pack that writes beyond.
  std::vector<float> packed_a(static_cast<std::size_t>(pack_a ? m * k : 0));
  if (pack_a) {
    gemm.pack_a(a.view, m, k, 0, tiles / 2, packed_a.data());
    gemm.pack_a(a.view, m, k, tiles / 2, tiles, packed_a.data());
  }
  const std::int64_t c_stride = n + 3;
  // A row more than there is: where there is none, its panels have places.
  std::vector<float> c = numbers((m + 1) * c_stride, 3);
  const std::vector<float> before = c;
  GemmBlock block{.m = m, .n = n, .k = k, .a = a.view};
  if (pack_a) {
    block.a.data = packed_a.data();
    block.a_packed = true;
  }
  block.b = packed_b.as<float>().data();
  block.panel_stride = k * gemm.panel_columns;
  block.b_row_stride = gemm.panel_columns;
  block.c = c.data();
  block.c_row_stride = c_stride;
  block.add = add;
  block.last_tile = tiles;
  block.last_panel = panels / 2;
  gemm.block(block);
  block.first_panel = panels / 2;
  block.last_panel = panels;
  block.b += panels / 2 * block.panel_stride;
  block.c += panels / 2 * gemm.panel_columns;
  gemm.block(block);
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < c_stride; ++j) {
      const std::size_t at = static_cast<std::size_t>(i * c_stride + j);
      const float product = j < n ? chain(a.view, b.view, k, i, j, level != Level::sse2) : 0;
      const float expected = j >= n ? before[at] : add ? before[at] + product : product;
      wrong += c[at] != expected;
    }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("gemm core: the chain of fused multiply-adds, bit for bit, in every form") {
  for (const Level level : available_levels()) {
    for (const std::int64_t m : {0, 1, 5, 14, 15, 20, 33})
      for (const std::int64_t n : {0, 1, 7, 16, 31, 32, 33, 81})
        for (int form = 0; form < 16; ++form) check_block(level, m, n, (m * n + form) % 39, form);
    check_block(level, 29, 70, 1030, 0);
    check_block(level, 17, 70, 517, 4);
    check_block(level, 17, 70, 517, 7);
  }
}

}  // namespace abax
