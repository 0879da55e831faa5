// What each elementwise op computes, and its derivative, side by side.
//
// `forward` is instantiated with SIMD registers, in kernel sources, once a level. The derivatives
// are instantiated with Value, in ops/elementwise.cpp: they build graph nodes out of the operands,
// the result y and its gradient dy. What a derivative reads is kept alive until the backward pass;
// a note says which that is. A derivative of an operand that was broadcast is summed back by the
// caller.
//
// An op of f32 alone needs: a struct here, its place in a list at the end, its builder in
// ops/elementwise.h with one line in ops/elementwise.cpp, and a case row.
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace abax::elementwise {

// ---- two operands, which broadcast ----

struct Add {  // keeps nothing
  static constexpr std::string_view name = "add";
  static constexpr int flops = 1;
  template <class V>
  static V forward(V a, V b) {
    return a + b;
  }
  template <class V>
  static V left(V, V, V, V dy) {
    return dy;
  }
  template <class V>
  static V right(V, V, V, V dy) {
    return dy;
  }
};

struct Subtract {  // keeps nothing
  static constexpr std::string_view name = "subtract";
  static constexpr int flops = 1;
  template <class V>
  static V forward(V a, V b) {
    return a - b;
  }
  template <class V>
  static V left(V, V, V, V dy) {
    return dy;
  }
  template <class V>
  static V right(V, V, V, V dy) {
    return -dy;
  }
};

struct Multiply {  // keeps both operands
  static constexpr std::string_view name = "multiply";
  static constexpr int flops = 1;
  template <class V>
  static V forward(V a, V b) {
    return a * b;
  }
  template <class V>
  static V left(V, V b, V, V dy) {
    return dy * b;
  }
  template <class V>
  static V right(V a, V, V, V dy) {
    return dy * a;
  }
};

struct Divide {  // keeps the divisor, and the result where the divisor wants a gradient
  static constexpr std::string_view name = "divide";
  static constexpr int flops = 1;
  template <class V>
  static V forward(V a, V b) {
    return a / b;
  }
  template <class V>
  static V left(V, V b, V, V dy) {
    return dy / b;
  }
  template <class V>
  static V right(V, V b, V y, V dy) {
    return -(dy * y / b);
  }
};

// The gradient of minimum and maximum goes to the operand that was chosen, and half to each where
// they are equal, as in PyTorch. A NaN in either operand gives NaN.

struct Minimum {  // keeps both operands
  static constexpr std::string_view name = "minimum";
  static constexpr int flops = 1;
  template <class V>
  static V forward(V a, V b) {
    return select((a < b) | (a != a), a, b);
  }
  template <class V>
  static V left(V a, V b, V, V dy) {
    return select(less(a, b), dy, select(equal(a, b), 0.5f * dy, 0));
  }
  template <class V>
  static V right(V a, V b, V y, V dy) {
    return left(b, a, y, dy);
  }
};

struct Maximum {  // keeps both operands
  static constexpr std::string_view name = "maximum";
  static constexpr int flops = 1;
  template <class V>
  static V forward(V a, V b) {
    return select((a > b) | (a != a), a, b);
  }
  template <class V>
  static V left(V a, V b, V y, V dy) {
    return Minimum::left(b, a, y, dy);
  }
  template <class V>
  static V right(V a, V b, V y, V dy) {
    return Minimum::left(a, b, y, dy);
  }
};

// ---- comparisons: two operands of one type, a result of 0 and 1; no gradient ----

struct Less {
  static constexpr std::string_view name = "less";
  template <class V>
  static auto forward(V a, V b) {
    return a < b;
  }
};

struct LessEqual {
  static constexpr std::string_view name = "less_equal";
  template <class V>
  static auto forward(V a, V b) {
    return a <= b;
  }
};

struct Equal {
  static constexpr std::string_view name = "equal";
  template <class V>
  static auto forward(V a, V b) {
    return a == b;
  }
};

struct NotEqual {
  static constexpr std::string_view name = "not_equal";
  template <class V>
  static auto forward(V a, V b) {
    return a != b;
  }
};

// ---- one operand ----

struct Negate {  // keeps nothing
  static constexpr std::string_view name = "negate";
  static constexpr int flops = 1;
  template <class V>
  static V forward(V x) {
    return -x;
  }
  template <class V>
  static V derivative(V, V, V dy) {
    return -dy;
  }
};

struct Square {  // keeps its operand
  static constexpr std::string_view name = "square";
  static constexpr int flops = 1;
  template <class V>
  static V forward(V x) {
    return x * x;
  }
  template <class V>
  static V derivative(V x, V, V dy) {
    return 2 * (dy * x);
  }
};

struct Abs {  // keeps its operand; the derivative at 0 is 0
  static constexpr std::string_view name = "abs";
  static constexpr int flops = 1;
  template <class V>
  static V forward(V x) {
    return abs(x);
  }
  template <class V>
  static V derivative(V x, V, V dy) {
    return select(greater(x, 0), dy, select(less(x, 0), -dy, 0));
  }
};

struct Relu {  // keeps its result; the derivative at 0 is 0; NaN stays NaN
  static constexpr std::string_view name = "relu";
  static constexpr int flops = 1;
  template <class V>
  static V forward(V x) {
    return select(x <= V(0.f), V(0.f), x);
  }
  template <class V>
  static V derivative(V, V y, V dy) {
    return select(greater(y, 0), dy, 0);
  }
};

struct Sqrt {  // keeps its result
  static constexpr std::string_view name = "sqrt";
  static constexpr int flops = 1;
  template <class V>
  static V forward(V x) {
    return sqrt(x);
  }
  template <class V>
  static V derivative(V, V y, V dy) {
    return 0.5f * dy / y;
  }
};

struct Rsqrt {  // keeps its result
  static constexpr std::string_view name = "rsqrt";
  static constexpr int flops = 2;
  template <class V>
  static V forward(V x) {
    return V(1.f) / sqrt(x);
  }
  template <class V>
  static V derivative(V, V y, V dy) {
    return -0.5f * dy * (y * y * y);
  }
};

struct Exp {  // keeps its result
  static constexpr std::string_view name = "exp";
  static constexpr int flops = 16;
  template <class V>
  static V forward(V x) {
    return exp(x);
  }
  template <class V>
  static V derivative(V, V y, V dy) {
    return dy * y;
  }
};

struct Log {  // keeps its operand
  static constexpr std::string_view name = "log";
  static constexpr int flops = 18;
  template <class V>
  static V forward(V x) {
    return log(x);
  }
  template <class V>
  static V derivative(V x, V, V dy) {
    return dy / x;
  }
};

struct Tanh {  // keeps its result
  static constexpr std::string_view name = "tanh";
  static constexpr int flops = 20;
  template <class V>
  static V forward(V x) {
    return tanh(x);
  }
  template <class V>
  static V derivative(V, V y, V dy) {
    return dy * (1 - y * y);
  }
};

struct Sigmoid {  // keeps its result
  static constexpr std::string_view name = "sigmoid";
  static constexpr int flops = 20;
  template <class V>
  static V forward(V x) {
    return sigmoid(x);
  }
  template <class V>
  static V derivative(V, V y, V dy) {
    return dy * (y * (1 - y));
  }
};

struct Softplus {  // keeps its operand
  static constexpr std::string_view name = "softplus";
  static constexpr int flops = 40;
  template <class V>
  static V forward(V x) {
    return softplus(x);
  }
  template <class V>
  static V derivative(V x, V, V dy) {
    return dy * sigmoid(x);
  }
};

/// The standard normal's quantile of a probability: sqrt(2) erfinv(2 x - 1), with the polynomials
/// of Giles 2010, "Approximating the erfinv function", table 5 (single precision). Serves
/// random_normal.
struct NormalQuantile {
  static constexpr std::string_view name = "normal_quantile";
  static constexpr int flops = 60;
  template <class V>
  static V forward(V x) {
    const V z = x + x - V(1.f);
    const V w = -log((V(1.f) - z) * (V(1.f) + z));
    const V near =
        horner(w - V(2.5f), 2.81022636e-08f, 3.43273939e-07f, -3.5233877e-06f, -4.39150654e-06f,
               0.00021858087f, -0.00125372503f, -0.00417768164f, 0.246640727f, 1.50140941f);
    const V far =
        horner(sqrt(w) - V(3.f), -0.000200214257f, 0.000100950558f, 0.00134934322f, -0.00367342844f,
               0.00573950773f, -0.0076224613f, 0.00943887047f, 1.00167406f, 2.83297682f);
    return V(1.41421356f) * (select(w < V(5.f), near, far) * z);
  }
  /// A polynomial with the coefficients `first` (of the highest power), `rest`...
  template <class V, class... Rest>
  static V horner(V x, float first, Rest... rest) {
    V sum(first);
    ((sum = V(rest) + sum * x), ...);
    return sum;
  }
};

// ---- one operand, two numbers ----

struct Clamp {  // keeps its operand; the gradient passes where low <= x <= high, as in PyTorch
  static constexpr std::string_view name = "clamp";
  static constexpr int flops = 2;
  template <class V>
  static V forward(V x, V low, V high) {
    const V raised = select(x < low, low, x);
    return select(raised > high, high, raised);
  }
  template <class V>
  static V derivative(V x, V, V dy, float low, float high) {
    return select(less(x, low), 0, select(greater(x, high), 0, dy));
  }
};

// ---- what there is ----

template <class... Ops>
struct List {
  static constexpr std::size_t size = sizeof...(Ops);
  /// The position of Op.
  template <class Op>
  static constexpr std::size_t index = [] {
    std::size_t i = 0;
    (void)((std::is_same_v<Op, Ops> || (++i, false)) || ...);
    return i;
  }();
};

using Binary = List<Add, Subtract, Multiply, Divide, Minimum, Maximum>;
// The sum of two f32 tensors is core's, since gradients accumulate with it.
using BinaryBesidesAdd = List<Subtract, Multiply, Divide, Minimum, Maximum>;
using IntegerBinary = List<Add, Subtract, Multiply, Minimum, Maximum>;
using Comparisons = List<Less, LessEqual, Equal, NotEqual>;
using Unary =
    List<Negate, Square, Abs, Relu, Sqrt, Rsqrt, Exp, Log, Tanh, Sigmoid, Softplus, NormalQuantile>;

}  // namespace abax::elementwise
