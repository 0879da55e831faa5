// A tensor owns its elements: dense, row-major, 64-byte aligned.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <span>
#include <utility>

#include "core/base/error.h"
#include "core/base/shape.h"
#include "core/base/text.h"

namespace abax {

/// Alignment of every buffer, in bytes: a cache line, and the widest SIMD register.
inline constexpr std::size_t alignment = 64;
/// Bytes rounded up to whole cache lines.
constexpr std::size_t aligned(std::size_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

/// Frees what allocate_aligned gave.
struct AlignedDelete {
  void operator()(std::byte* memory) const;
};
using AlignedBytes = std::unique_ptr<std::byte[], AlignedDelete>;

/// `bytes` rounded up to whole cache lines, zeroed. Throws MemoryError, saying how much was asked
/// for.
AlignedBytes allocate_aligned(std::size_t bytes);

class Tensor;

/// A look at elements that somebody else owns.
struct TensorView {
  const void* data = nullptr;
  TensorType type;

  /// The elements as T. Throws UsageError where the tensor holds another type.
  template <ElementType T>
  std::span<const T> as() const {
    if (dtype_of<T> != type.dtype)
      throw UsageError(str_cat("asked for ", name_of(dtype_of<T>), " elements of a tensor ", type));
    return {static_cast<const T*>(data), static_cast<std::size_t>(type.size())};
  }
  /// A copy with memory of its own, for what shall outlive the owner or its next run.
  Tensor clone() const;
};

/// "f32[2, 3]" and the elements, in brackets by axis; of more than 1000 elements the first and the
/// last three along each axis. Floats with six significant digits.
std::ostream& operator<<(std::ostream& out, const TensorView& tensor);

/// Moves are cheap, and leave an empty tensor, f32[0] without memory, behind; copies are asked for
/// by name.
///
///     Tensor x({2, 3});                       // zeros
///     x.as<float>()[4] = 1.f;
///     Tensor ids = Tensor::of<std::int32_t>({3}, {7, 8, 9});
class Tensor {
 public:
  Tensor() : Tensor(Shape{0}) {}
  /// All elements are zero. Throws MemoryError.
  explicit Tensor(Shape shape, DType dtype = f32) : Tensor(TensorType{shape, dtype}) {}
  explicit Tensor(TensorType type);
  Tensor(Tensor&& other) noexcept
      : type_(std::exchange(other.type_, {Shape{0}})), bytes_(std::move(other.bytes_)) {}
  Tensor& operator=(Tensor&& other) noexcept {
    type_ = std::exchange(other.type_, {Shape{0}});
    bytes_ = std::move(other.bytes_);
    return *this;
  }

  template <ElementType T>
  static Tensor of(Shape shape, std::initializer_list<T> values) {
    return of<T>(shape, std::span<const T>(values.begin(), values.size()));
  }
  /// Throws ShapeError where the number of values is not the shape's.
  template <ElementType T>
  static Tensor of(Shape shape, std::span<const T> values) {
    Tensor result(shape, dtype_of<T>);
    if (static_cast<std::int64_t>(values.size()) != shape.size())
      throw ShapeError(str_cat(values.size(), " values for a tensor ", result.type()));
    std::copy(values.begin(), values.end(), result.as<T>().begin());
    return result;
  }
  static Tensor scalar(float value) { return of<float>({}, {value}); }

  Tensor clone() const;

  const TensorType& type() const { return type_; }
  const Shape& shape() const { return type_.shape; }
  DType dtype() const { return type_.dtype; }
  std::int64_t size() const { return type_.size(); }
  std::size_t bytes() const { return type_.bytes(); }

  void* data() { return bytes_.get(); }
  const void* data() const { return bytes_.get(); }
  TensorView view() const& { return {data(), type_}; }
  TensorView view() const&& = delete;  // gone with the temporary: keep the tensor in a variable

  /// The elements as T. Throws UsageError where the tensor holds another type.
  template <ElementType T>
  std::span<const T> as() const& {
    return view().as<T>();
  }
  template <ElementType T>
  std::span<T> as() & {
    const auto elements = view().as<T>();
    return {const_cast<T*>(elements.data()), elements.size()};
  }
  template <ElementType T>
  std::span<const T> as() const&& = delete;  // gone with the temporary

 private:
  TensorType type_;
  AlignedBytes bytes_;
};

std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

}  // namespace abax
