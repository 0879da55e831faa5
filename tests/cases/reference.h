// Plain definitions in double that references are made of: element by element, with broadcasting.
#pragma once

#include <functional>
#include <vector>

#include "tests/cases/case.h"

namespace abax::cases {

/// Counts through all positions of a shape in row-major order: [0, 0], [0, 1], ...
class Positions {
 public:
  explicit Positions(Shape shape) : shape_(shape), at_(static_cast<std::size_t>(shape.rank())) {}
  const std::vector<std::int64_t>& at() const { return at_; }
  void next() {
    for (int axis = shape_.rank() - 1; axis >= 0; --axis) {
      auto& i = at_[static_cast<std::size_t>(axis)];
      if (++i < shape_[axis]) return;
      i = 0;
    }
  }

 private:
  Shape shape_;
  std::vector<std::int64_t> at_;
};

/// The element of x at a position of a shape that x broadcasts to.
inline double element(const Reference& x, const std::vector<std::int64_t>& at) {
  std::int64_t index = 0;
  const auto skip = static_cast<int>(at.size()) - x.shape.rank();
  for (int axis = 0; axis < x.shape.rank(); ++axis) {
    const std::int64_t i = x.shape[axis] == 1 ? 0 : at[static_cast<std::size_t>(axis + skip)];
    index = index * x.shape[axis] + i;
  }
  return x.values[static_cast<std::size_t>(index)];
}

/// A tensor whose element at each position is f(position).
template <class F>
Reference generate(Shape shape, F f) {
  Reference result{shape, {}};
  Positions positions(shape);
  for (std::int64_t i = 0; i < shape.size(); ++i, positions.next())
    result.values.push_back(f(positions.at()));
  return result;
}

/// f of the elements of the operands, which broadcast.
template <class F>
Reference elementwise(const Reference& x, F f) {
  return generate(x.shape, [&](const auto& at) { return f(element(x, at)); });
}
template <class F>
Reference elementwise(const Reference& a, const Reference& b, F f) {
  return generate(broadcast(a.shape, b.shape),
                  [&](const auto& at) { return f(element(a, at), element(b, at)); });
}

/// The reference of an op of one or two operands.
template <class F>
auto reference_of(F f) {
  return [f](std::span<const Reference> x) -> std::vector<Reference> {
    if constexpr (std::is_invocable_v<F, double>)
      return {elementwise(x[0], f)};
    else
      return {elementwise(x[0], x[1], f)};
  };
}

}  // namespace abax::cases
