// Tensors as text: elements in brackets by axis, large ones shortened.
#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>
#include <string>
#include <vector>

#include "core/base/tensor.h"

namespace abax {
namespace {

constexpr std::int64_t shown_whole = 1000;  // elements
constexpr std::int64_t edge = 3;            // of a shortened axis, at either end

class Printer {
 public:
  explicit Printer(const TensorView& tensor)
      : tensor_(tensor), shortened_(tensor.type.size() > shown_whole) {}

  void print(std::ostream& out) {
    walk(0, 0, [this](std::int64_t at) {
      texts_.push_back(element(at));
      width_ = std::max(width_, texts_.back().size());
    });
    std::size_t next = 0;
    text_.clear();
    walk(0, 0, [&](std::int64_t) {
      const std::string& text = texts_[next++];
      text_.append(width_ - text.size(), ' ');
      text_ += text;
    });
    out << tensor_.type << (rank() > 1 ? "\n" : " ") << text_;
  }

 private:
  int rank() const { return tensor_.type.shape.rank(); }

  /// Brackets and separators go to text_, elements to `show`, row by row; `at` is the position of
  /// the first element in row-major order.
  template <class Show>
  void walk(int axis, std::int64_t at, Show show) {
    const Shape& shape = tensor_.type.shape;
    if (axis == rank()) return show(at);
    const std::int64_t size = shape[axis], stride = shape.size(axis + 1, rank());
    const auto separate = [&] {
      text_ += axis + 1 == rank() ? ", " : ",";
      if (axis + 1 == rank()) return;
      text_.append(static_cast<std::size_t>(rank() - 1 - axis), '\n');
      text_.append(static_cast<std::size_t>(axis) + 1, ' ');
    };
    text_ += "[";
    for (std::int64_t i = 0; i < size; ++i) {
      if (i > 0) separate();
      if (shortened_ && i == edge && size > 2 * edge + 1) {
        text_ += "..";
        separate();
        i = size - edge;
      }
      walk(axis + 1, at + i * stride, show);
    }
    text_ += "]";
  }

  std::string element(std::int64_t at) const {
    const auto i = static_cast<std::size_t>(at);
    switch (tensor_.type.dtype) {
      case DType::f32: {
        std::array<char, 32> number{};
        std::snprintf(number.data(), number.size(), "%.6g",
                      static_cast<double>(tensor_.as<float>()[i]));
        return number.data();
      }
      case DType::i32:
        return std::to_string(tensor_.as<std::int32_t>()[i]);
      case DType::u8:
        return std::to_string(tensor_.as<std::uint8_t>()[i]);
    }
    return "?";
  }

  const TensorView& tensor_;
  bool shortened_;
  std::vector<std::string> texts_;  // of the elements shown
  std::size_t width_ = 0;           // of the longest
  std::string text_;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const TensorView& tensor) {
  if (!tensor.data && tensor.type.size() > 0) return out << tensor.type << " without memory";
  Printer(tensor).print(out);
  return out;
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) { return out << tensor.view(); }

}  // namespace abax
