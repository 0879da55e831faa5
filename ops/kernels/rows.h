// Sums and maxima of one contiguous row. For kernel sources.
#pragma once

#include <math.h>

#include <cstdint>

#include "core/base/simd.h"
#include "core/base/simd_math.h"

namespace abax::ABAX_LEVEL {
namespace {

/// 0, 1, 2, ... along the lanes.
inline F lane_numbers() {
  float numbers[width];
  for (std::int64_t i = 0; i < width; ++i) numbers[i] = static_cast<float>(i);
  return load(numbers);
}

/// A load whose left-out lanes are `fill`. (Not through a copy in memory: a short row would wait
/// for it.)
inline F load_or(const float* from, Whole, float) { return load(from); }
inline F load_or(const float* from, Part part, float fill) {
  const auto inside = lane_numbers() < F(static_cast<float>(part.count));
  return select(inside, load(from, part), F(fill));
}

/// The sum of what body(i, lanes) gives for the registers of a row. Left-out lanes must give 0.
/// Four partial sums hide the latency of the addition; their order depends on size and level alone.
template <class Body>
inline float row_sum(std::int64_t size, Body body) {
  F a(0.f), b(0.f), c(0.f), d(0.f);
  std::int64_t i = 0;
  for (; i + 4 * width <= size; i += 4 * width) {
    a += body(i, Whole{});
    b += body(i + width, Whole{});
    c += body(i + 2 * width, Whole{});
    d += body(i + 3 * width, Whole{});
  }
  for (; i + width <= size; i += width) a += body(i, Whole{});
  if (i < size) b += body(i, Part{size - i});
  return sum((a + b) + (c + d));
}

inline float dot(const float* a, const float* b, std::int64_t size) {
  return row_sum(size,
                 [&](std::int64_t i, auto some) { return load(a + i, some) * load(b + i, some); });
}

/// Minus infinity where the row is empty. NaN may go unseen; who needs it sees it in the sum.
inline float row_max(const float* x, std::int64_t size) {
  F a(-INFINITY), b(-INFINITY);
  std::int64_t i = 0;
  for (; i + 2 * width <= size; i += 2 * width) {
    a = max(load(x + i), a);
    b = max(load(x + i + width), b);
  }
  for_each_vector(size - i, [&](std::int64_t j, auto lanes) {
    a = max(load_or(x + i + j, lanes, -INFINITY), a);
  });
  return greatest(max(a, b));
}

/// sum(exp(x - top)). Meanwhile the next row comes into the cache: the search for its maximum would
/// wait for memory with nothing to compute.
inline float row_sum_exp(const float* x, float top, std::int64_t size) {
  const F shift(top);
  return row_sum(size, [&](std::int64_t i, auto lanes) {
    __builtin_prefetch(x + size + i, 0, 2);
    return exp(load_or(x + i, lanes, -INFINITY) - shift);
  });
}

/// The same, and the sum of x - top.
inline float row_sum_exp(const float* x, float top, std::int64_t size, float& distances) {
  const F shift(top);
  F sum_of_distances(0.f);
  const float exponentials = row_sum(size, [&](std::int64_t i, auto lanes) {
    __builtin_prefetch(x + size + i, 0, 2);
    const F distance = load_or(x + i, lanes, top) - shift;
    sum_of_distances += distance;
    // The lanes left out are to add 0, not e^0.
    return exp(load_or(x + i, lanes, -INFINITY) - shift);
  });
  distances = sum(sum_of_distances);
  return exponentials;
}

}  // namespace
}  // namespace abax::ABAX_LEVEL
