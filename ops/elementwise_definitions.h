// What each elementwise op computes, and its derivative, side by side.
//
// `forward` is called with SIMD registers, in kernel sources, once a level. The derivatives are
// called with graph operands, in ops/elementwise.cpp: they build nodes out of the op's own
// operands, its result y and the gradient dy. What a derivative reads is kept alive until the
// backward pass; a note says which that is. The caller sums over the axes along which an operand
// was broadcast.
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
  static auto forward(auto a, auto b) { return a + b; }
  static auto left(auto, auto, auto, auto dy) { return dy; }
  static auto right(auto, auto, auto, auto dy) { return dy; }
};

struct Subtract {  // keeps nothing
  static constexpr std::string_view name = "subtract";
  static constexpr int flops = 1;
  static auto forward(auto a, auto b) { return a - b; }
  static auto left(auto, auto, auto, auto dy) { return dy; }
  static auto right(auto, auto, auto, auto dy) { return -dy; }
};

struct Multiply {  // keeps both operands
  static constexpr std::string_view name = "multiply";
  static constexpr int flops = 1;
  static auto forward(auto a, auto b) { return a * b; }
  static auto left(auto, auto b, auto, auto dy) { return dy * b; }
  static auto right(auto a, auto, auto, auto dy) { return dy * a; }
};

struct Divide {  // keeps the divisor, and the result where the divisor wants a gradient
  static constexpr std::string_view name = "divide";
  static constexpr int flops = 1;
  static auto forward(auto a, auto b) { return a / b; }
  static auto left(auto, auto b, auto, auto dy) { return dy / b; }
  static auto right(auto, auto b, auto y, auto dy) { return -(dy * y / b); }
};

// The gradient of minimum and maximum goes to the operand that was chosen, and half to each where
// they are equal, as in PyTorch. A NaN in either operand gives NaN.

struct Minimum {  // keeps both operands
  static constexpr std::string_view name = "minimum";
  static constexpr int flops = 1;
  static auto forward(auto a, auto b) { return select((a < b) | (a != a), a, b); }
  static auto left(auto a, auto b, auto, auto dy) {
    return where(less(a, b), dy, where(equal(a, b), 0.5f * dy, 0));
  }
  static auto right(auto a, auto b, auto y, auto dy) { return left(b, a, y, dy); }
};

struct Maximum {  // keeps both operands
  static constexpr std::string_view name = "maximum";
  static constexpr int flops = 1;
  static auto forward(auto a, auto b) { return select((a > b) | (a != a), a, b); }
  static auto left(auto a, auto b, auto y, auto dy) { return Minimum::left(b, a, y, dy); }
  static auto right(auto a, auto b, auto y, auto dy) { return Minimum::left(a, b, y, dy); }
};

// ---- comparisons: two operands of one type, a result of 0 and 1; no gradient ----

struct Less {
  static constexpr std::string_view name = "less";
  static auto forward(auto a, auto b) { return a < b; }
};

struct LessEqual {
  static constexpr std::string_view name = "less_equal";
  static auto forward(auto a, auto b) { return a <= b; }
};

struct Equal {
  static constexpr std::string_view name = "equal";
  static auto forward(auto a, auto b) { return a == b; }
};

struct NotEqual {
  static constexpr std::string_view name = "not_equal";
  static auto forward(auto a, auto b) { return a != b; }
};

// ---- one operand ----

struct Negate {  // keeps nothing
  static constexpr std::string_view name = "negate";
  static constexpr int flops = 1;
  static auto forward(auto x) { return -x; }
  static auto derivative(auto, auto, auto dy) { return -dy; }
};

struct Square {  // keeps its operand
  static constexpr std::string_view name = "square";
  static constexpr int flops = 1;
  static auto forward(auto x) { return x * x; }
  static auto derivative(auto x, auto, auto dy) { return 2 * (dy * x); }
};

struct Abs {  // keeps its operand; the derivative at 0 is 0
  static constexpr std::string_view name = "abs";
  static constexpr int flops = 1;
  static auto forward(auto x) { return abs(x); }
  static auto derivative(auto x, auto, auto dy) {
    return where(greater(x, 0), dy, where(less(x, 0), -dy, 0));
  }
};

struct Relu {  // keeps its result; the derivative at 0 is 0; NaN stays NaN
  static constexpr std::string_view name = "relu";
  static constexpr int flops = 1;
  static auto forward(auto x) { return select(x <= 0.f, 0.f, x); }
  static auto derivative(auto, auto y, auto dy) { return where(greater(y, 0), dy, 0); }
};

struct Sqrt {  // keeps its result
  static constexpr std::string_view name = "sqrt";
  static constexpr int flops = 1;
  static auto forward(auto x) { return sqrt(x); }
  static auto derivative(auto, auto y, auto dy) { return 0.5f * dy / y; }
};

struct Rsqrt {  // keeps its result
  static constexpr std::string_view name = "rsqrt";
  static constexpr int flops = 2;
  static auto forward(auto x) { return 1.f / sqrt(x); }
  static auto derivative(auto, auto y, auto dy) { return -0.5f * dy * (y * y * y); }
};

struct Exp {  // keeps its result
  static constexpr std::string_view name = "exp";
  static constexpr int flops = 16;
  static auto forward(auto x) { return exp(x); }
  static auto derivative(auto, auto y, auto dy) { return dy * y; }
};

struct Log {  // keeps its operand
  static constexpr std::string_view name = "log";
  static constexpr int flops = 18;
  static auto forward(auto x) { return log(x); }
  static auto derivative(auto x, auto, auto dy) { return dy / x; }
};

struct Tanh {  // keeps its result
  static constexpr std::string_view name = "tanh";
  static constexpr int flops = 20;
  static auto forward(auto x) { return tanh(x); }
  static auto derivative(auto, auto y, auto dy) { return dy * (1 - y * y); }
};

struct Sigmoid {  // keeps its result
  static constexpr std::string_view name = "sigmoid";
  static constexpr int flops = 20;
  static auto forward(auto x) { return sigmoid(x); }
  static auto derivative(auto, auto y, auto dy) { return dy * (y * (1 - y)); }
};

struct Softplus {  // keeps its operand
  static constexpr std::string_view name = "softplus";
  static constexpr int flops = 40;
  static auto forward(auto x) { return softplus(x); }
  static auto derivative(auto x, auto, auto dy) { return dy * sigmoid(x); }
};

/// x Phi(x) with the standard normal's distribution function Phi: Hendrycks and Gimpel 2016,
/// "Gaussian error linear units", eq. 1.
struct Gelu {  // keeps its operand
  static constexpr std::string_view name = "gelu";
  static constexpr int flops = 42;
  static auto forward(auto x) { return x * phi(x); }
  static auto derivative(auto x, auto, auto dy) { return gelu_gradient(x, dy); }
  static auto phi(auto x) { return 0.5f * (1.f + erf(0.707106781f * x)); }
};

/// dy (Phi(x) + x Phi'(x)): an op of its own, since the backward pass would take eight others.
struct GeluGradient {  // has no gradient
  static constexpr std::string_view name = "gelu_gradient";
  static constexpr int flops = 64;
  static auto forward(auto x, auto dy) {
    const auto density = 0.398942280f * exp(-0.5f * (x * x));
    return dy * (Gelu::phi(x) + x * density);
  }
};

/// max(x, 0) - x t + log(1 + exp(-|x|)): the cross-entropy of a Bernoulli variable of logit x. Its
/// derivative, which keeps both operands, is in ops/loss.cpp.
struct BinaryCrossEntropy {
  static constexpr std::string_view name = "binary_cross_entropy";
  static constexpr int flops = 44;
  static auto forward(auto x, auto t) {
    return select(x <= 0.f, 0.f, x) - x * t + softplus(-abs(x));
  }
};

/// The standard normal's quantile of a probability: sqrt(2) erfinv(2 x - 1), with the polynomials
/// of Giles 2010, "Approximating the erfinv function", table 5 (single precision). Serves
/// random_normal.
struct NormalQuantile {
  static constexpr std::string_view name = "normal_quantile";
  static constexpr int flops = 60;
  static auto forward(auto x) {
    const auto z = x + x - 1.f;
    const auto w = -log((1.f - z) * (1.f + z));
    const auto near =
        horner(w - 2.5f, 2.81022636e-08f, 3.43273939e-07f, -3.5233877e-06f, -4.39150654e-06f,
               0.00021858087f, -0.00125372503f, -0.00417768164f, 0.246640727f, 1.50140941f);
    const auto far =
        horner(sqrt(w) - 3.f, -0.000200214257f, 0.000100950558f, 0.00134934322f, -0.00367342844f,
               0.00573950773f, -0.0076224613f, 0.00943887047f, 1.00167406f, 2.83297682f);
    return 1.41421356f * (select(w < 5.f, near, far) * z);
  }
  /// A polynomial with the coefficients `first` (of the highest power), `rest`...
  static auto horner(auto x, float first, auto... rest) {
    decltype(x) sum(first);
    ((sum = rest + sum * x), ...);
    return sum;
  }
};

// ---- one operand, two numbers ----

struct Clamp {  // keeps its operand; the gradient passes where low <= x <= high, as in PyTorch
  static constexpr std::string_view name = "clamp";
  static constexpr int flops = 2;
  static auto forward(auto x, auto low, auto high) {
    const auto raised = select(x < low, low, x);
    return select(raised > high, high, raised);
  }
  static auto derivative(auto x, auto, auto dy, float low, float high) {
    return where(less(x, low), 0, where(greater(x, high), 0, dy));
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
using BinaryOfTensors = List<GeluGradient, BinaryCrossEntropy>;  // never a number
using IntegerBinary = List<Add, Subtract, Multiply, Minimum, Maximum>;
using Comparisons = List<Less, LessEqual, Equal, NotEqual>;
using Unary = List<Negate, Square, Abs, Relu, Sqrt, Rsqrt, Exp, Log, Tanh, Sigmoid, Softplus, Gelu,
                   NormalQuantile>;

}  // namespace abax::elementwise
