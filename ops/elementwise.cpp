// Builders and graph ops of the elementwise family; what they compute is in their definitions.
#include "ops/elementwise.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/elementwise_op.h"
#include "ops/drivers/elementwise_tiles.h"

namespace abax {

// Found by its argument's namespace, from the derivative of gelu.
static Value gelu_gradient(Operand x, Operand dy);

namespace {

using elementwise::Tiles;

using elementwise::Both;
using elementwise::NumberLeft;
using elementwise::NumberRight;
using elementwise::One;
using elementwise::OneWithRange;
using Constants = ElementwiseOp::Constants;

/// What derivatives are built from: values, with the place of the node that they belong to.
struct Parts {
  explicit Parts(const Vjp& vjp)
      : where(vjp.outputs[0].graph().node(vjp.outputs[0].node()).where),
        y(vjp.outputs[0], where),
        dy(vjp.gradients[0], where) {}
  SourceLocation where;
  Operand y, dy;
};

// The derivative of a form of a definition: one Value an input, summed back by ElementwiseOp where
// the input was broadcast.

template <class Form>
struct DerivativeOf;

template <class Op>
struct DerivativeOf<Both<Op>> {
  static std::vector<Value> build(const Vjp& vjp, const Constants&) {
    const Parts parts(vjp);
    const Operand a(vjp.inputs[0], parts.where), b(vjp.inputs[1], parts.where);
    std::vector<Value> result(2);
    if (vjp.wanted[0]) result[0] = Operand(Op::left(a, b, parts.y, parts.dy)).value();
    if (vjp.wanted[1]) result[1] = Operand(Op::right(a, b, parts.y, parts.dy)).value();
    return result;
  }
};
template <class Op>
struct DerivativeOf<NumberRight<Op>> {
  static std::vector<Value> build(const Vjp& vjp, const Constants& c) {
    const Parts parts(vjp);
    const Operand a(vjp.inputs[0], parts.where), b(c[0], parts.where);
    return {Operand(Op::left(a, b, parts.y, parts.dy)).value()};
  }
};
template <class Op>
struct DerivativeOf<NumberLeft<Op>> {
  static std::vector<Value> build(const Vjp& vjp, const Constants& c) {
    const Parts parts(vjp);
    const Operand a(c[0], parts.where), b(vjp.inputs[0], parts.where);
    return {Operand(Op::right(a, b, parts.y, parts.dy)).value()};
  }
};
template <class Op>
struct DerivativeOf<One<Op>> {
  static std::vector<Value> build(const Vjp& vjp, const Constants&) {
    const Parts parts(vjp);
    const Operand x(vjp.inputs[0], parts.where);
    return {Operand(Op::derivative(x, parts.y, parts.dy)).value()};
  }
};
template <class Op>
struct DerivativeOf<OneWithRange<Op>> {
  static std::vector<Value> build(const Vjp& vjp, const Constants& c) {
    const Parts parts(vjp);
    const Operand x(vjp.inputs[0], parts.where);
    return {Operand(Op::derivative(x, parts.y, parts.dy, c[0], c[1])).value()};
  }
};

/// Of where with its inputs condition, a, b; of those with a number, in place of a or b.
std::vector<Value> where_derivative(const Vjp& vjp, const Constants&) {
  const Parts parts(vjp);
  std::vector<Value> result(3);
  if (vjp.wanted[1]) result[1] = where({vjp.inputs[0], parts.where}, parts.dy, 0);
  if (vjp.wanted[2]) result[2] = where({vjp.inputs[0], parts.where}, 0, parts.dy);
  return result;
}
std::vector<Value> where_or_number_derivative(const Vjp& vjp, const Constants&) {
  const Parts parts(vjp);
  return {Value{}, where({vjp.inputs[0], parts.where}, parts.dy, 0)};
}
std::vector<Value> where_number_or_derivative(const Vjp& vjp, const Constants&) {
  const Parts parts(vjp);
  return {Value{}, where({vjp.inputs[0], parts.where}, 0, parts.dy)};
}

class ClampOp : public ElementwiseOp {
 public:
  ClampOp(float low, float high)
      : ElementwiseOp(Tiles::get().form<OneWithRange<elementwise::Clamp>>(),
                      DerivativeOf<OneWithRange<elementwise::Clamp>>::build, {low, high}),
        low_(low),
        high_(high) {}
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    if (!(low_ <= high_))
      throw UsageError(str_cat("clamp: low <= high expected, got ", low_, " and ", high_));
    return ElementwiseOp::infer(inputs);
  }

 private:
  float low_, high_;
};

Value add(Graph& graph, const TileOp& tile, ElementwiseOp::Derivative derivative, float number,
          std::initializer_list<Value> inputs, const SourceLocation& where) {
  return graph.add_one(std::make_shared<ElementwiseOp>(tile, derivative, Constants{number, 0}),
                       inputs, where);
}

template <class Definition>
Value unary(const Operand& x) {
  const TileOp& tile = Tiles::get().form<One<Definition>>();
  if constexpr (requires(Operand v) { Definition::derivative(v, v, v); })
    return add(x.value().graph(), tile, DerivativeOf<One<Definition>>::build, 0, {x.value()},
               x.where());
  else
    return add(x.value().graph(), tile, nullptr, 0, {x.value()}, x.where());
}

/// A number beside `other`, as a constant of its type: an integer beside i32 is exact.
Value constant_of(std::string_view name, const Operand& number, const Value& other,
                  const SourceLocation& where) {
  Graph& graph = other.graph();
  if (other.dtype() != i32) return graph.constant(number.number(), where);
  const auto integer = number.integer();
  if (!integer)
    throw UsageError(str_cat(name, ": beside ", other.type(), " a number must be an integer of ",
                             "i32's, not ", number.number(), graph.location(where)));
  return graph.constant(Tensor::of<std::int32_t>({}, {*integer}), where);
}

/// Two operands, at least one of them a value.
struct Two {
  Two(std::string_view name, const Operand& a, const Operand& b)
      : name(name), a(a), b(b), where(a.where()), some(a.is_number() ? b : a) {
    if (some.is_number())
      throw UsageError(str_cat(name, ": one of the operands must be a value of a graph, got ",
                               a.number(), " and ", b.number(), "\n  at ", place_of(where)));
  }
  Graph& graph() const { return some.value().graph(); }
  DType dtype() const { return some.value().dtype(); }
  float number() const { return a.is_number() ? a.number() : b.is_number() ? b.number() : 0; }
  /// The operand as a tensor: a number becomes a constant of the other's type.
  Value tensor(const Operand& operand) const {
    return operand.is_number() ? constant_of(name, operand, some.value(), where)
                               : operand.value(graph());
  }

  std::string_view name;
  const Operand &a, &b;
  SourceLocation where;
  const Operand& some;
};

template <class Definition>
Value binary(const Operand& a, const Operand& b) {
  const Two two(Definition::name, a, b);
  const Tiles& tiles = Tiles::get();
  const auto with = [&]<class Form>(std::initializer_list<Value> inputs) {
    return add(two.graph(), tiles.form<Form>(), DerivativeOf<Form>::build, two.number(), inputs,
               two.where);
  };
  if (two.dtype() == f32 && b.is_number())
    return with.template operator()<NumberRight<Definition>>({a.value()});
  if (two.dtype() == f32 && a.is_number())
    return with.template operator()<NumberLeft<Definition>>({b.value()});
  const Value left = two.tensor(a), right = two.tensor(b);
  if constexpr (!std::is_same_v<Definition, elementwise::Divide>)
    if (two.dtype() == i32)
      return add(two.graph(), tiles.integer<Definition>(), nullptr, 0, {left, right}, two.where);
  return with.template operator()<Both<Definition>>({left, right});
}

template <class Definition>
Value compare(const Operand& a, const Operand& b) {
  const Two two(Definition::name, a, b);
  const auto with = [&](Tiles::Operands operands, std::initializer_list<Value> inputs) {
    return add(two.graph(), Tiles::get().comparison<Definition>(operands), nullptr, two.number(),
               inputs, two.where);
  };
  if (two.dtype() == f32 && b.is_number()) return with(Tiles::Operands::number_right, {a.value()});
  if (two.dtype() == f32 && a.is_number()) return with(Tiles::Operands::number_left, {b.value()});
  const auto operands = two.dtype() == i32 ? Tiles::Operands::integer : Tiles::Operands::both;
  return with(operands, {two.tensor(a), two.tensor(b)});
}

}  // namespace

Value operator+(Operand a, Operand b) {
  // A number commutes, so that one form serves both sides.
  return a.is_number() ? binary<elementwise::Add>(b, a) : binary<elementwise::Add>(a, b);
}
Value operator-(Operand a, Operand b) { return binary<elementwise::Subtract>(a, b); }
Value operator*(Operand a, Operand b) {
  return a.is_number() ? binary<elementwise::Multiply>(b, a) : binary<elementwise::Multiply>(a, b);
}
Value operator/(Operand a, Operand b) { return binary<elementwise::Divide>(a, b); }
Value minimum(Operand a, Operand b) { return binary<elementwise::Minimum>(a, b); }
Value maximum(Operand a, Operand b) { return binary<elementwise::Maximum>(a, b); }

Value less(Operand a, Operand b) { return compare<elementwise::Less>(a, b); }
Value less_equal(Operand a, Operand b) { return compare<elementwise::LessEqual>(a, b); }
Value greater(Operand a, Operand b) { return compare<elementwise::Less>(b, a); }
Value greater_equal(Operand a, Operand b) { return compare<elementwise::LessEqual>(b, a); }
Value equal(Operand a, Operand b) { return compare<elementwise::Equal>(a, b); }
Value not_equal(Operand a, Operand b) { return compare<elementwise::NotEqual>(a, b); }

Value where(Operand condition, Operand a, Operand b) {
  const Value chosen = condition.value();
  Graph& graph = chosen.graph();
  const Tiles& tiles = Tiles::get();
  const auto is_float = [](const Operand& x) { return !x.is_number() && x.value().dtype() == f32; };
  if (is_float(a) && b.is_number())
    return add(graph, tiles.where_or_number(), where_or_number_derivative, b.number(),
               {chosen, a.value()}, condition.where());
  if (a.is_number() && is_float(b))
    return add(graph, tiles.where_number_or(), where_number_or_derivative, a.number(),
               {chosen, b.value()}, condition.where());
  const auto tensor = [&](const Operand& x, const Operand& other) {
    return x.is_number() && !other.is_number()
               ? constant_of("where", x, other.value(), condition.where())
               : x.value(graph);
  };
  const Value left = tensor(a, b), right = tensor(b, a);
  return add(graph, tiles.where(left.dtype()), where_derivative, 0, {chosen, left, right},
             condition.where());
}

Value operator-(Operand x) { return unary<elementwise::Negate>(x); }
Value square(Operand x) { return unary<elementwise::Square>(x); }
Value abs(Operand x) { return unary<elementwise::Abs>(x); }
Value relu(Operand x) { return unary<elementwise::Relu>(x); }
Value sqrt(Operand x) { return unary<elementwise::Sqrt>(x); }
Value rsqrt(Operand x) { return unary<elementwise::Rsqrt>(x); }
Value exp(Operand x) { return unary<elementwise::Exp>(x); }
Value log(Operand x) { return unary<elementwise::Log>(x); }
Value tanh(Operand x) { return unary<elementwise::Tanh>(x); }
Value sigmoid(Operand x) { return unary<elementwise::Sigmoid>(x); }
Value softplus(Operand x) { return unary<elementwise::Softplus>(x); }
Value gelu(Operand x) { return unary<elementwise::Gelu>(x); }
static Value gelu_gradient(Operand x, Operand dy) {
  return add(x.value().graph(), Tiles::get().form<Both<elementwise::GeluGradient>>(), nullptr, 0,
             {x.value(), dy.value()}, x.where());
}
Value normal_quantile(Operand x) { return unary<elementwise::NormalQuantile>(x); }

Value clamp(Operand x, float low, float high) {
  return x.value().graph().add_one(std::make_shared<ClampOp>(low, high), {x.value()}, x.where());
}

Value cast(Operand x, DType dtype) {
  const Value value = x.value();
  if (value.dtype() == dtype) return value;
  return add(value.graph(), Tiles::get().cast(value.dtype(), dtype), nullptr, 0, {value},
             x.where());
}

}  // namespace abax
