// Tensors: element types, what a move leaves, printing.
#include "core/base/tensor.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"

namespace abax {
namespace {

// Any other element type would read or write beyond the tensor's end.
template <class T>
concept can_be_element = requires(Tensor tensor, const Tensor& constant, TensorView view) {
  Tensor::of<T>(Shape{}, std::initializer_list<T>{});
  tensor.as<T>();
  constant.as<T>();
  view.as<T>();
};
template <class T>
concept can_be_read = requires(Tensor tensor, TensorView view) {
  tensor.as<T>();
}
|| requires(TensorView view) { view.as<T>(); }
|| requires(std::span<const T> values) { Tensor::of<T>(Shape{}, values); };
static_assert(can_be_element<float> && can_be_element<std::int32_t> &&
              can_be_element<std::uint8_t>);
static_assert(!can_be_read<std::int64_t> && !can_be_read<double> && !can_be_read<bool> &&
              !can_be_read<char>);

// A look at a temporary would outlive what it looks at.
template <class T>
concept can_be_looked_at = requires(T&& tensor) {
  std::forward<T>(tensor).view();
}
|| requires(T&& tensor) { std::forward<T>(tensor).template as<float>(); };
static_assert(can_be_looked_at<Tensor&> && can_be_looked_at<const Tensor&>);
static_assert(!can_be_looked_at<Tensor> && !can_be_looked_at<const Tensor>);

}  // namespace

TEST_CASE("tensor: as many values as the shape says, of its type") {
  const Tensor x = Tensor::of<std::int32_t>({2, 2}, {1, 2, 3, 4});
  CHECK(x.as<std::int32_t>()[3] == 4);
  CHECK_THROWS_AS((Tensor::of<float>({2}, {1, 2, 3})), ShapeError);
  CHECK_THROWS_WITH_AS((void)x.as<float>(), "asked for f32 elements of a tensor i32[2, 2]",
                       UsageError);
}

TEST_CASE("tensor: a clone has memory of its own") {
  Tensor x = Tensor::of<float>({2}, {1, 2});
  const Tensor copy = x.view().clone(), other = x.clone();
  x.as<float>()[1] = 3;
  CHECK(copy.type() == x.type());
  CHECK(copy.as<float>()[1] == 2);
  CHECK(other.as<float>()[1] == 2);
}

TEST_CASE("tensor: a move leaves an empty tensor") {
  Tensor x = Tensor::of<std::int32_t>({3}, {1, 2, 3});
  const Tensor moved = std::move(x);
  CHECK(moved.as<std::int32_t>()[2] == 3);
  const auto is_empty = [](const Tensor& tensor) {
    return tensor.type() == TensorType{{0}, f32} && !tensor.data() && tensor.as<float>().empty() &&
           tensor.clone().type() == tensor.type();
  };
  CHECK(is_empty(x));
  Tensor y(Shape{2, 2}), z;
  z = std::move(y);
  CHECK(is_empty(y));
  CHECK(z.shape() == Shape{2, 2});
  y = Tensor::scalar(4);
  CHECK(y.as<float>()[0] == 4);
  Tensor& same = z;
  z = std::move(same);
  CHECK(z.bytes() == (z.data() ? z.as<float>().size_bytes() : 0));
}

TEST_CASE("tensor: printed with its type, elements by axis") {
  CHECK(str_cat(Tensor::scalar(2.5f)) == "f32[] 2.5");
  CHECK(str_cat(Tensor::of<std::int32_t>({3}, {1, -20, 3})) == "i32[3] [  1, -20,   3]");
  const Tensor bytes = Tensor::of<std::uint8_t>({1, 2}, {0, 255});
  CHECK(str_cat(bytes.view()) == "u8[1, 2]\n[[  0, 255]]");
  CHECK(str_cat(Tensor::of<float>({2, 2}, {0.1f, 1e-10f, -INFINITY, NAN})) ==
        "f32[2, 2]\n[[  0.1, 1e-10],\n [ -inf,   nan]]");
  CHECK(str_cat(Tensor::of<std::int32_t>({2, 1, 2}, {1, 2, 3, 4})) ==
        "i32[2, 1, 2]\n[[[1, 2]],\n\n [[3, 4]]]");
  CHECK(str_cat(Tensor(Shape{0})) == "f32[0] []");
  CHECK(str_cat(Tensor(Shape{2, 0})) == "f32[2, 0]\n[[],\n []]");
  CHECK(str_cat(TensorView{nullptr, {{2}, f32}}) == "f32[2] without memory");
}

TEST_CASE("tensor: printed in short where it is large") {
  Tensor x(Shape{1001}, i32);
  for (std::size_t i = 0; i < 1001; ++i) x.as<std::int32_t>()[i] = static_cast<std::int32_t>(i);
  CHECK(str_cat(x) == "i32[1001] [   0,    1,    2, ..,  998,  999, 1000]");
  CHECK(str_cat(Tensor(Shape{1000}, u8)).find("..") == std::string::npos);
  CHECK(str_cat(Tensor(Shape{200, 7}, u8)) ==
        "u8[200, 7]\n[[0, 0, 0, 0, 0, 0, 0],\n [0, 0, 0, 0, 0, 0, 0],\n [0, 0, 0, 0, 0, 0, 0],\n "
        "..,\n [0, 0, 0, 0, 0, 0, 0],\n [0, 0, 0, 0, 0, 0, 0],\n [0, 0, 0, 0, 0, 0, 0]]");
}

}  // namespace abax
