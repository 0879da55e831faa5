// Shapes: checks, broadcasting and printing.
#include "core/base/shape.h"

#include <algorithm>
#include <ostream>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {

std::size_t size_of(DType dtype) { return dtype == DType::u8 ? 1 : 4; }

std::string_view name_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "f32";
    case DType::i32:
      return "i32";
    case DType::u8:
      return "u8";
  }
  return "?";
}

std::ostream& operator<<(std::ostream& out, DType dtype) { return out << name_of(dtype); }

Shape::Shape(std::initializer_list<std::int64_t> sizes, SourceLocation where) try
    : Shape(std::span<const std::int64_t>(sizes.begin(), sizes.size())) {
} catch (const ShapeError& error) {
  throw ShapeError(str_cat(error.what(), "\n  at ", place_of(where)));
}

Shape::Shape(std::span<const std::int64_t> sizes) {
  if (sizes.size() > max_rank)
    throw ShapeError(str_cat("a shape has at most ", max_rank, " axes, not ", sizes.size()));
  rank_ = static_cast<int>(sizes.size());
  std::copy(sizes.begin(), sizes.end(), sizes_.begin());
  std::int64_t product = 1;
  for (const std::int64_t size : sizes) {
    if (size < 0) throw ShapeError(str_cat("a size is at least 0: ", *this));
    // 2^40 elements is beyond any machine; it also keeps byte counts far from overflow.
    if (size != 0 && product > (std::int64_t{1} << 40) / size)
      throw ShapeError(str_cat("too many elements (more than 2^40): ", *this));
    product *= size == 0 ? 1 : size;
  }
}

void Shape::throw_no_axis(int axis) const {
  throw ShapeError(str_cat("there is no axis ", axis, " in ", *this,
                           axis < 0 ? "; at(axis) counts from the back" : ""));
}

std::int64_t Shape::at(int index) const { return (*this)[axis(index)]; }

int Shape::axis(int index) const {
  const int wrapped = index < 0 ? index + rank_ : index;
  if (wrapped < 0 || wrapped >= rank_)
    throw ShapeError(str_cat("there is no axis ", index, " in ", *this));
  return wrapped;
}

std::int64_t Shape::size() const { return size(0, rank_); }

std::int64_t Shape::size(int first, int last) const {
  std::int64_t product = 1;
  for (int i = first; i < last; ++i) product *= (*this)[i];
  return product;
}

std::span<const std::int64_t> Shape::sizes() const {
  return {sizes_.data(), static_cast<std::size_t>(rank_)};
}

Shape Shape::with(int index, std::int64_t size) const {
  Shape result = *this;
  result.sizes_[static_cast<std::size_t>(axis(index))] = size;
  return Shape(result.sizes());  // checks the new size
}

Shape Shape::without(int index) const {
  Shape result = *this;
  const int gone = axis(index);
  std::copy(begin() + gone + 1, end(), result.sizes_.begin() + gone);
  result.sizes_[static_cast<std::size_t>(--result.rank_)] = 0;
  return result;
}

Shape Shape::inserted(int index, std::int64_t size) const {
  std::array<std::int64_t, max_rank + 1> sizes{};
  const int before = index < 0 ? index + rank_ + 1 : index;
  if (before < 0 || before > rank_)
    throw ShapeError(str_cat("no axis can be inserted at ", index, " in ", *this));
  std::copy(begin(), begin() + before, sizes.begin());
  sizes[static_cast<std::size_t>(before)] = size;
  std::copy(begin() + before, end(), sizes.begin() + before + 1);
  return Shape(std::span<const std::int64_t>(sizes.data(), static_cast<std::size_t>(rank_) + 1));
}

bool operator==(const Shape& a, const Shape& b) { return std::ranges::equal(a.sizes(), b.sizes()); }

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << '[';
  for (int i = 0; i < shape.rank(); ++i) out << (i ? ", " : "") << shape[i];
  return out << ']';
}

Shape broadcast(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::array<std::int64_t, Shape::max_rank> sizes{};
  for (int i = 1; i <= rank; ++i) {
    const std::int64_t left = i <= a.rank() ? a[a.rank() - i] : 1;
    const std::int64_t right = i <= b.rank() ? b[b.rank() - i] : 1;
    if (left != right && left != 1 && right != 1)
      throw ShapeError(str_cat("shapes do not broadcast: ", a, " and ", b, " (", left, " is not ",
                               right, " and neither is 1)"));
    sizes[static_cast<std::size_t>(rank - i)] = left == 1 ? right : left;
  }
  return Shape(std::span<const std::int64_t>(sizes.data(), static_cast<std::size_t>(rank)));
}

std::ostream& operator<<(std::ostream& out, const TensorType& type) {
  return out << type.dtype << type.shape;
}

}  // namespace abax
