// The kernels of core: addition, and sums in a fixed order.
#include "core/base/kernels/core_kernels.h"

#include "core/base/tile_kernels.h"

namespace abax::ABAX_LEVEL {
namespace {

struct Add {
  static F apply(F a, F b) { return a + b; }
};

// Vectors that one accumulator takes before it is added to the total.
constexpr std::int64_t run_length = 64;

float sum_of(const float* x, std::int64_t n) {
  F total(0.f);
  std::int64_t i = 0;
  for (; i + 4 * width <= n;) {
    F a0(0.f), a1(0.f), a2(0.f), a3(0.f);
    for (std::int64_t k = 0; k < run_length && i + 4 * width <= n; ++k, i += 4 * width) {
      a0 += load(x + i);
      a1 += load(x + i + width);
      a2 += load(x + i + 2 * width);
      a3 += load(x + i + 3 * width);
    }
    total += (a0 + a1) + (a2 + a3);
  }
  for_each_vector(n - i, [&](std::int64_t k, auto lanes) { total += load(x + i + k, lanes); });
  return sum(total);
}

// Adds one run of rows to `out`; `vectors` registers side by side hide the latency of the addition.
template <int vectors, class Lanes>
void sum_run(const float* x, std::int64_t rows, std::int64_t stride, float* out, bool accumulate,
             Lanes lanes) {
  F run[vectors];
  for (int v = 0; v < vectors; ++v) run[v] = F(0.f);
  for (std::int64_t i = 0; i < rows; ++i)
    for (int v = 0; v < vectors; ++v) run[v] += load(x + i * stride + v * width, lanes);
  for (int v = 0; v < vectors; ++v) {
    const F before = accumulate ? load(out + v * width, lanes) : F(0.f);
    store(out + v * width, before + run[v], lanes);
  }
}

// Run after run, so that the rows of one are read side by side over all columns: a walk down one
// column of a wide matrix touches another page of memory at every step.
void sum_columns(const float* x, std::int64_t rows, std::int64_t columns, std::int64_t stride,
                 float* out, bool accumulate) {
  for (std::int64_t first = 0; first < rows; first += run_length) {
    const std::int64_t count = rows - first < run_length ? rows - first : run_length;
    const float* const from = x + first * stride;
    const bool add = accumulate || first > 0;
    std::int64_t j = 0;
    for (; j + 4 * width <= columns; j += 4 * width)
      sum_run<4>(from + j, count, stride, out + j, add, Whole{});
    for_each_vector(columns - j, [&](std::int64_t k, auto lanes) {
      sum_run<1>(from + j + k, count, stride, out + j + k, add, lanes);
    });
  }
}

}  // namespace

const CoreKernels core_kernels{
    .add = tile<Add>,
    .add_then_add = tile<Then<Add, Add, 0>>,
    .sum = sum_of,
    .sum_columns = sum_columns,
};

}  // namespace abax::ABAX_LEVEL
