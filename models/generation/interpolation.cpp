// Interpolation of real numbers and of discrete codes.
#include "models/generation/interpolation.h"

#include <cmath>
#include <numeric>
#include <span>
#include <type_traits>
#include <vector>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "models/data/shuffle.h"

namespace abax {
namespace {

template <class T>
void interpolate(std::span<const T> ends, std::span<T> codes, std::int64_t steps,
                 std::span<const std::int64_t> order) {
  const std::size_t positions = order.size();
  for (std::int64_t step = 0; step < steps; ++step) {
    const double share = static_cast<double>(step) / static_cast<double>(steps - 1);
    const std::int64_t taken = std::llround(share * static_cast<double>(positions));
    const std::span<T> row = codes.subspan(static_cast<std::size_t>(step) * positions, positions);
    for (std::size_t i = 0; i < positions; ++i) {
      const auto position = static_cast<std::size_t>(order[i]);
      const T first = ends[position], second = ends[positions + position];
      if constexpr (std::is_same_v<T, float>)
        row[position] = static_cast<float>((1 - share) * first + share * second);
      else
        row[position] = static_cast<std::int64_t>(i) < taken ? second : first;
    }
  }
}

}  // namespace

Tensor interpolated_codes(const Tensor& ends, std::int64_t steps, std::uint64_t seed) {
  if (ends.shape().rank() != 2 || ends.shape()[0] != 2 ||
      (ends.dtype() != i32 && ends.dtype() != f32))
    throw ShapeError(
        str_cat("an interpolation goes between codes [2, positions], not ", ends.type()));
  if (steps < 2)
    throw UsageError(str_cat("an interpolation takes at least two steps, not ", steps));
  const std::int64_t positions = ends.shape()[1];
  std::vector<std::int64_t> order(static_cast<std::size_t>(positions));
  std::iota(order.begin(), order.end(), 0);
  Random random(stream_key(seed, "generate", "sample"));
  data::shuffle<std::int64_t>(order, random);
  Tensor codes({steps, positions}, ends.dtype());
  if (ends.dtype() == i32)
    interpolate<std::int32_t>(ends.as<std::int32_t>(), codes.as<std::int32_t>(), steps, order);
  else
    interpolate<float>(ends.as<float>(), codes.as<float>(), steps, order);
  return codes;
}

}  // namespace abax
