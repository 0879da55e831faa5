// Range checks: a scan that the compiler vectorises, and a slow search only where it found
// something.
#include "core/plan/input_check.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

/// The least float that is not below `bound`: for a float x, x < bound exactly where x < that.
float float_not_below(double bound) {
  const float rounded = static_cast<float>(bound);
  return rounded < bound ? std::nextafter(rounded, std::numeric_limits<float>::infinity())
                         : rounded;
}

/// The index of the first element outside [low, high], or -1.
template <class T, class Outside>
std::int64_t first_outside(std::span<const T> values, Outside outside) {
  constexpr std::size_t block = 4096;
  for (std::size_t begin = 0; begin < values.size(); begin += block) {
    const std::size_t end = std::min(values.size(), begin + block);
    unsigned any = 0;
    for (std::size_t i = begin; i < end; ++i) any |= static_cast<unsigned>(outside(values[i]));
    if (any == 0) continue;
    for (std::size_t i = begin; i < end; ++i)
      if (outside(values[i])) return static_cast<std::int64_t>(i);
  }
  return -1;
}

std::int64_t first_outside(std::span<const float> values, const Range& range) {
  const float low = float_not_below(range.low), high = float_not_below(range.high);
  return first_outside<float>(values, [=](float x) { return !(x >= low) | !(x < high); });
}

template <class T>
std::int64_t first_outside(std::span<const T> values, const Range& range) {
  // As whole numbers, both ends included: low <= x < high is ceil(low) <= x <= ceil(high) - 1.
  constexpr double least = std::numeric_limits<T>::lowest(), most = std::numeric_limits<T>::max();
  const double low = std::ceil(range.low), high = std::ceil(range.high) - 1;
  if (!(low <= most) || !(high >= least) || low > high) return values.empty() ? -1 : 0;
  const T first = static_cast<T>(std::max(low, least)), last = static_cast<T>(std::min(high, most));
  return first_outside<T>(values, [=](T x) { return (x < first) | (x > last); });
}

std::string position(std::int64_t index, const Shape& shape) {
  std::string result = "]";
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    result = str_cat(index % shape[axis], result);
    index /= shape[axis];
    if (axis > 0) result = str_cat(", ", result);
  }
  return str_cat("[", result);
}

template <class T>
void check(std::string_view input, const TensorView& tensor, const Range& range) {
  const std::span<const T> values = tensor.as<T>();
  const std::int64_t bad = first_outside(values, range);
  if (bad < 0) return;
  throw DataError(str_cat("input '", input, "', ", tensor.type, ": element ",
                          position(bad, tensor.type.shape), " is ",
                          +values[static_cast<std::size_t>(bad)], ", outside its range ", range.low,
                          " <= x < ", range.high, "; nothing was updated"));
}

}  // namespace

void check_range(std::string_view input, const TensorView& tensor, const Range& range) {
  if (!range.bounded()) return;
  switch (tensor.type.dtype) {
    case DType::f32:
      return check<float>(input, tensor, range);
    case DType::i32:
      return check<std::int32_t>(input, tensor, range);
    case DType::u8:
      return check<std::uint8_t>(input, tensor, range);
  }
}

}  // namespace abax
