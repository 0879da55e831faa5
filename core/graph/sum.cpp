// add_n, sum_to and broadcast_to: what autodiff needs for several contributions and for
// broadcasting.
#include "core/graph/sum.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/elementwise_op.h"
#include "core/graph/sum_axes.h"

namespace abax {
namespace {

class SumTo : public Op {
 public:
  explicit SumTo(Shape shape) : shape_(shape) {}

  std::string_view name() const override { return "sum_to"; }
  std::string attributes() const override { return str_cat("shape=", shape_); }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType& x = inputs[0];
    if (x.dtype != f32) throw ShapeError(str_cat("sum_to takes f32, not ", x));
    if (broadcast(shape_, x.shape) != x.shape)
      throw ShapeError(str_cat("sum_to: ", shape_, " does not broadcast to ", x.shape));
    return {{shape_, f32}};
  }

  Kernel compile(const Signature& signature) const override {
    const Shape& from = signature.inputs[0].shape;
    Axes axes{};
    for (int axis = 0; axis < from.rank(); ++axis) {
      const int own = axis - (from.rank() - shape_.rank());
      axes[static_cast<std::size_t>(axis)] = own < 0 || (shape_[own] == 1 && from[axis] != 1);
    }
    return sum_axes_kernel(from, axes, signature.level);
  }

  std::vector<Value> vjp(const Vjp& vjp) const override {
    return {broadcast_to(vjp.gradients[0], vjp.inputs[0].shape())};
  }

  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    cost.flops = static_cast<double>(inputs[0].size());
    return cost;
  }

 private:
  Shape shape_;
};

class BroadcastTo : public Op {
 public:
  explicit BroadcastTo(Shape shape) : shape_(shape) {}

  std::string_view name() const override { return "broadcast_to"; }
  std::string attributes() const override { return str_cat("shape=", shape_); }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType& x = inputs[0];
    if (broadcast(x.shape, shape_) != shape_)
      throw ShapeError(str_cat("broadcast_to: ", x.shape, " does not broadcast to ", shape_));
    return {{shape_, x.dtype}};
  }

  Kernel compile(const Signature& signature) const override {
    // A program without instructions: its operand is its output.
    return tile_kernel(
        std::make_shared<TileProgram>(shape_, signature.inputs,
                                      std::vector<TileProgram::Instruction>{}, std::vector{0}),
        signature.level);
  }

  std::vector<Value> vjp(const Vjp& vjp) const override {
    return {sum_to(vjp.gradients[0], vjp.inputs[0].shape())};
  }

 private:
  Shape shape_;
};

}  // namespace

Value add_n(std::span<const Value> values, SourceLocation where) {
  if (values.empty()) throw UsageError("add_n needs at least one value");
  Value sum = values[0];
  for (const Value& value : values) {
    if (value.type() != sum.type())
      throw ShapeError(
          str_cat("add_n takes values of one type, not ", sum.type(), " and ", value.type()));
  }
  for (const Value& value : values.subspan(1))
    sum = sum.graph().add_one(add_op(), {sum, value}, where);
  return sum;
}

Value sum_to(Operand x, Shape shape) {
  const Value value = x.value();
  if (value.shape() == shape) return value;
  return value.graph().add_one(std::make_shared<SumTo>(shape), {value}, x.where());
}

Value broadcast_to(Operand x, Shape shape) {
  const Value value = x.value();
  if (value.shape() == shape) return value;
  return value.graph().add_one(std::make_shared<BroadcastTo>(shape), {value}, x.where());
}

}  // namespace abax
