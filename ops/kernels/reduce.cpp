// Kernel source: maxima, their positions, and log-sum-exp, of rows and of columns.
#include "ops/kernels/reduce.h"

#include "ops/kernels/rows.h"

namespace abax::ABAX_LEVEL {
namespace {

/// The greater, where a NaN of either wins.
F greater_or_nan(F x, F greatest) { return select((x > greatest) | is_nan(x), x, greatest); }
float greater_or_nan(float x, float greatest) { return x > greatest || x != x ? x : greatest; }

float max_row(const float* x, std::int64_t size) {
  F greatest(-infinity);
  for_each_vector(size, [&](std::int64_t i, auto lanes) {
    greatest = greater_or_nan(load_or(x + i, lanes, -infinity), greatest);
  });
  float lanes[width];
  store(lanes, greatest);
  float result = -infinity;
  for (const float lane : lanes) result = greater_or_nan(lane, result);
  return result;
}

// Columns are reduced together, a row at a time: rows lie one after another in memory.

void max_columns(const float* x, std::int64_t stride, std::int64_t size, std::int64_t columns,
                 float* result) {
  for_each_vector(columns,
                  [&](std::int64_t j, auto lanes) { store(result + j, F(-infinity), lanes); });
  for (std::int64_t i = 0; i < size; ++i)
    for_each_vector(columns, [&](std::int64_t j, auto lanes) {
      store(result + j, greater_or_nan(load(x + i * stride + j, lanes), load(result + j, lanes)),
            lanes);
    });
}

/// What is subtracted before exp: the maximum, or 0 where that is infinite, so that no inf - inf
/// comes about.
F finite_or_zero(F x) { return select(abs(x) == F(infinity), F(0.f), x); }

// Sums are of blocks of this many registers, which are summed in turn: the rounding error grows
// with the block and the number of blocks, not with their product.
constexpr std::int64_t block = 64;

float logsumexp_row(const float* x, std::int64_t size) {
  const float greatest = max_row(x, size);
  const F shift = finite_or_zero(F(greatest));
  F sum(0.f);
  for (std::int64_t begin = 0; begin < size; begin += block * width) {
    const std::int64_t rest = size - begin;
    F part(0.f);
    for_each_vector(rest < block * width ? rest : block * width, [&](std::int64_t i, auto lanes) {
      part = part + exp(load_or(x + begin + i, lanes, -infinity) - shift);
    });
    sum = sum + part;
  }
  float lanes[width];
  store(lanes, log(F(abax::ABAX_LEVEL::sum(sum))) + shift);
  return greatest == infinity ? infinity : lanes[0];
}

void logsumexp_columns(const float* x, std::int64_t stride, std::int64_t size, std::int64_t columns,
                       float* result) {
  float* const greatest = result;
  max_columns(x, stride, size, columns, greatest);
  float sum[reduce_columns] = {}, part[reduce_columns] = {};
  for (std::int64_t i = 0; i < size; ++i) {
    for_each_vector(columns, [&](std::int64_t j, auto lanes) {
      const F shift = finite_or_zero(load(greatest + j, lanes));
      const F term = exp(load(x + i * stride + j, lanes) - shift);
      store(part + j, load(part + j, lanes) + term, lanes);
    });
    if ((i + 1) % block != 0 && i + 1 != size) continue;
    for_each_vector(columns, [&](std::int64_t j, auto lanes) {
      store(sum + j, load(sum + j, lanes) + load(part + j, lanes), lanes);
      store(part + j, F(0.f), lanes);
    });
  }
  for_each_vector(columns, [&](std::int64_t j, auto lanes) {
    const F most = load(greatest + j, lanes);
    const F value = log(load(sum + j, lanes)) + finite_or_zero(most);
    store(result + j, select(most == F(infinity), most, value), lanes);
  });
}

std::int32_t argmax_row(const float* x, std::int64_t size) {
  const float greatest = max_row(x, size);
  std::int64_t i = 0;
  if (greatest != greatest)
    while (x[i] == x[i]) ++i;
  else
    while (x[i] != greatest) ++i;
  return static_cast<std::int32_t>(i);
}

void argmax_columns(const float* x, std::int64_t stride, std::int64_t size, std::int64_t columns,
                    std::int32_t* result) {
  float greatest[reduce_columns];
  for (std::int64_t j = 0; j < columns; ++j) {
    greatest[j] = x[j];
    result[j] = 0;
  }
  for (std::int64_t i = 1; i < size; ++i)
    for (std::int64_t j = 0; j < columns; ++j) {
      const float value = x[i * stride + j];
      // Once it is a NaN it stays: the first one counts.
      const bool nan_found = greatest[j] != greatest[j];
      if (!nan_found && (value > greatest[j] || value != value)) {
        greatest[j] = value;
        result[j] = static_cast<std::int32_t>(i);
      }
    }
}

}  // namespace

extern const ReduceKernels reduce_kernels;
const ReduceKernels reduce_kernels = {
    .max_row = max_row,
    .max_columns = max_columns,
    .logsumexp_row = logsumexp_row,
    .logsumexp_columns = logsumexp_columns,
    .argmax_row = argmax_row,
    .argmax_columns = argmax_columns,
};

}  // namespace abax::ABAX_LEVEL
