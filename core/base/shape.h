// Element types, shapes and their union, the type of a tensor.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include "core/base/source_location.h"

namespace abax {

enum class DType : std::uint8_t { f32, i32, u8 };
inline constexpr DType f32 = DType::f32;
inline constexpr DType i32 = DType::i32;
inline constexpr DType u8 = DType::u8;

/// Bytes of one element.
std::size_t size_of(DType dtype);
std::string_view name_of(DType dtype);
std::ostream& operator<<(std::ostream& out, DType dtype);

/// The C++ types that elements may have: float (f32), std::int32_t (i32), std::uint8_t (u8). No
/// others: bool, double and std::int64_t are not converted.
template <class T>
concept ElementType =
    std::same_as<T, float> || std::same_as<T, std::int32_t> || std::same_as<T, std::uint8_t>;
/// The element type of a C++ type: dtype_of<float> is f32.
template <ElementType T>
inline constexpr DType dtype_of = DType::f32;
template <>
inline constexpr DType dtype_of<std::int32_t> = DType::i32;
template <>
inline constexpr DType dtype_of<std::uint8_t> = DType::u8;

/// Sizes along the axes of a dense row-major tensor, at most eight. A scalar has rank 0 and size 1;
/// sizes of 0 are allowed.
class Shape {
 public:
  static constexpr int max_rank = 8;

  Shape() = default;
  /// Throws ShapeError, with the caller's line, on a negative size, more than eight axes or more
  /// than 2^40 elements.
  Shape(std::initializer_list<std::int64_t> sizes,
        SourceLocation where = SourceLocation::current());
  explicit Shape(std::span<const std::int64_t> sizes);

  int rank() const { return rank_; }
  /// The size along `axis`, 0 to rank - 1. Throws ShapeError.
  std::int64_t operator[](int axis) const {
    if (axis < 0 || axis >= rank_) throw_no_axis(axis);
    return sizes_[static_cast<std::size_t>(axis)];
  }
  /// The size along `axis`, which may count from the back (-1 is the last). Throws ShapeError.
  std::int64_t at(int axis) const;
  /// `axis` as 0 to rank - 1. Throws ShapeError where there is no such axis.
  int axis(int axis) const;
  /// The product of all sizes.
  std::int64_t size() const;
  /// The product of the sizes in [first, last).
  std::int64_t size(int first, int last) const;

  std::span<const std::int64_t> sizes() const;
  const std::int64_t* begin() const { return sizes_.data(); }
  const std::int64_t* end() const { return sizes_.data() + rank_; }

  /// This shape with the size along `axis` replaced, or without that axis, or with one more before
  /// it.
  Shape with(int axis, std::int64_t size) const;
  Shape without(int axis) const;
  Shape inserted(int axis, std::int64_t size) const;

  friend bool operator==(const Shape& a, const Shape& b);

 private:
  [[noreturn]] void throw_no_axis(int axis) const;

  std::array<std::int64_t, max_rank> sizes_{};
  int rank_ = 0;
};

/// "[32, 512]".
std::ostream& operator<<(std::ostream& out, const Shape& shape);

/// The shape that both broadcast to, aligned at the last axis, sizes of 1 stretching.
/// Throws ShapeError with both shapes where there is none.
Shape broadcast(const Shape& a, const Shape& b);

struct TensorType {
  Shape shape;
  DType dtype = f32;

  std::int64_t size() const { return shape.size(); }
  std::size_t bytes() const { return static_cast<std::size_t>(size()) * size_of(dtype); }
  friend bool operator==(const TensorType&, const TensorType&) = default;
};

/// "f32[32, 512]".
std::ostream& operator<<(std::ostream& out, const TensorType& type);

}  // namespace abax
