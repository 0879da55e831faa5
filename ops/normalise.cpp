// Softmax, log-softmax and layer normalisation, and their gradient ops.
#include "ops/normalise.h"

#include <array>

#include "core/base/error.h"
#include "core/base/text.h"
#include "ops/attributes.h"
#include "ops/drivers/partition.h"
#include "ops/kernels/normalise.h"
#include "ops/kernels/table.h"
#include "ops/shape.h"

namespace abax {
namespace {

using RowKernel = void (*)(const float* x, float* y, std::int64_t rows, std::int64_t size);
using RowGradientKernel = void (*)(const float* y, const float* dy, float* dx, std::int64_t rows,
                                   std::int64_t size);

/// Which function of a row: softmax or its logarithm.
struct RowFunction {
  std::string_view name, gradient_name;
  RowKernel NormaliseKernels::*kernel;
  RowGradientKernel NormaliseKernels::*gradient_kernel;
};
constexpr RowFunction softmax_function = {"softmax", "softmax_gradient", &NormaliseKernels::softmax,
                                          &NormaliseKernels::softmax_gradient};
constexpr RowFunction log_softmax_function = {"log_softmax", "log_softmax_gradient",
                                              &NormaliseKernels::log_softmax,
                                              &NormaliseKernels::log_softmax_gradient};

/// x [.., size] as rows: all axes but the last.
std::int64_t rows_of(const Shape& shape) { return shape.size(0, shape.rank() - 1); }

/// Inputs y and dy, output dx, all [.., size].
class RowGradient : public Op {
 public:
  explicit RowGradient(const RowFunction& function) : function_(function) {}
  std::string_view name() const override { return function_.gradient_name; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  bool may_overwrite(int, int) const override { return true; }
  Kernel compile(const Signature& signature) const override {
    const Shape& shape = signature.outputs[0].shape;
    const std::int64_t size = shape.at(-1);
    const Partition rows = partition_rows(rows_of(shape), size);
    const auto kernel = kernels(signature.level).normalise->*function_.gradient_kernel;
    return {[=](const Call& call) {
      call.loop(rows.count(), [&](std::int64_t part) {
        const std::int64_t begin = rows.begin(part), at = begin * size;
        kernel(call.in<float>(0) + at, call.in<float>(1) + at, call.out<float>(0) + at,
               rows.end(part) - begin, size);
      });
    }};
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    cost.flops = 4.0 * static_cast<double>(outputs[0].size());
    return cost;
  }

 private:
  const RowFunction& function_;
};

/// Input x, output y, both [.., size].
class Row : public Op {
 public:
  /// `axis` is the last one, or one that infer refuses.
  Row(const RowFunction& function, int axis) : function_(function), axis_(axis) {}
  std::string_view name() const override { return function_.name; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const int rank = inputs[0].shape.rank();
    if (inputs[0].dtype != f32 || axis_ < -rank || axis_ >= rank)
      throw ShapeError(
          str_cat(function_.name, ": expected f32 with an axis ", axis_, ", got ", inputs[0]));
    return {inputs[0]};
  }
  bool may_overwrite(int, int) const override { return true; }
  Kernel compile(const Signature& signature) const override {
    const Shape& shape = signature.outputs[0].shape;
    const std::int64_t size = shape.at(-1);
    const Partition rows = partition_rows(rows_of(shape), size);
    const auto kernel = kernels(signature.level).normalise->*function_.kernel;
    return {[=](const Call& call) {
      call.loop(rows.count(), [&](std::int64_t part) {
        const std::int64_t begin = rows.begin(part);
        kernel(call.in<float>(0) + begin * size, call.out<float>(0) + begin * size,
               rows.end(part) - begin, size);
      });
    }};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    Graph& graph = vjp.outputs[0].graph();
    return {graph.add_one(std::make_shared<RowGradient>(function_),
                          {vjp.outputs[0], vjp.gradients[0]},
                          graph.node(vjp.outputs[0].node()).where)};
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    cost.flops = 8.0 * static_cast<double>(outputs[0].size());
    return cost;
  }

 private:
  const RowFunction& function_;
  int axis_;
};

/// The function along any axis: that axis is moved to the end and back where it is not there.
Value along_axis(const RowFunction& function, Operand x, int axis) {
  const Value value = x.value();
  Graph& graph = value.graph();
  const int last = value.shape().rank() - 1, chosen = axis < 0 ? axis + last + 1 : axis;
  const auto op = std::make_shared<Row>(function, axis);
  if (chosen < 0 || chosen >= last) return graph.add_one(op, {value}, x.where());
  std::vector<int> swapped;
  for (int i = 0; i <= last; ++i) swapped.push_back(i == chosen ? last : i == last ? chosen : i);
  const Value rows = transpose(x, swapped);
  return transpose({graph.add_one(op, {rows}, x.where()), x.where()}, swapped);
}

/// Where the gradient's sums over rows are cut: at most 16 parts, whose sums are added in order.
Partition gradient_parts(std::int64_t rows, std::int64_t size) {
  const std::int64_t least = partition_rows(rows, size).each;
  return {rows, std::max(least, ceil_div(rows, most_parts))};
}

/// Inputs x [.., size], scale [size], mean and inverse deviation [..], dy [.., size]; outputs dx
/// [.., size], dscale and dshift [size].
class LayerNormGradient : public Op {
 public:
  std::string_view name() const override { return "layer_norm_gradient"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0], inputs[1], inputs[1]};
  }
  bool may_overwrite(int output, int input) const override {
    return output == 0 && (input == 0 || input == 4);
  }
  Kernel compile(const Signature& signature) const override {
    const Shape& shape = signature.outputs[0].shape;
    const std::int64_t size = shape.at(-1);
    const Partition rows = gradient_parts(rows_of(shape), size);
    // A part's sums of dscale and dshift, on cache lines of their own: [parts, 2, padded].
    const std::int64_t padded = round_up(size, 16);
    const NormaliseKernels* table = kernels(signature.level).normalise;
    const auto run = [=](const Call& call) {
      auto* sums = reinterpret_cast<float*>(call.scratch);
      call.loop(rows.count(), [&](std::int64_t part) {
        const std::int64_t begin = rows.begin(part), at = begin * size;
        float* sum = sums + part * 2 * padded;
        table->layer_norm_gradient(call.in<float>(0) + at, call.in<float>(1),
                                   call.in<float>(2) + begin, call.in<float>(3) + begin,
                                   call.in<float>(4) + at, call.out<float>(0) + at, sum,
                                   sum + padded, rows.end(part) - begin, size);
      });
      table->add_parts(sums, rows.count(), 2 * padded, call.out<float>(1), size);
      table->add_parts(sums + padded, rows.count(), 2 * padded, call.out<float>(2), size);
    };
    return {run, static_cast<std::size_t>(rows.count() * 2 * padded) * sizeof(float)};
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    cost.flops = 16.0 * static_cast<double>(outputs[0].size());
    return cost;
  }
};

/// Inputs x [.., size], scale and shift [size]; outputs y [.., size], mean and inverse deviation
/// [..].
class LayerNorm : public Op {
 public:
  explicit LayerNorm(float epsilon) : epsilon_(epsilon) {}
  std::string_view name() const override { return "layer_norm"; }
  std::string attributes() const override { return str_cat("epsilon=", exact(double{epsilon_})); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const Shape& x = inputs[0].shape;
    const TensorType row{x.rank() > 0 ? Shape{x.at(-1)} : Shape{}, f32};
    if (inputs[0].dtype != f32 || x.rank() == 0 || inputs[1] != row || inputs[2] != row)
      throw ShapeError(
          str_cat("layer_norm: expected x f32[.., width], scale and shift f32[width], got ",
                  inputs[0], ", ", inputs[1], " and ", inputs[2]));
    if (!(epsilon_ > 0))
      throw UsageError(str_cat("layer_norm: epsilon is ", epsilon_, ", not above 0"));
    const TensorType moments{x.without(-1), f32};
    return {inputs[0], moments, moments};
  }
  bool may_overwrite(int output, int input) const override { return output == 0 && input == 0; }
  Kernel compile(const Signature& signature) const override {
    const Shape& shape = signature.outputs[0].shape;
    const std::int64_t size = shape.at(-1);
    const Partition rows = partition_rows(rows_of(shape), size);
    const auto kernel = kernels(signature.level).normalise->layer_norm;
    return {[=, epsilon = epsilon_](const Call& call) {
      call.loop(rows.count(), [&](std::int64_t part) {
        const std::int64_t begin = rows.begin(part), at = begin * size;
        kernel(call.in<float>(0) + at, call.in<float>(1), call.in<float>(2), epsilon,
               call.out<float>(0) + at, call.out<float>(1) + begin, call.out<float>(2) + begin,
               rows.end(part) - begin, size);
      });
    }};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    if (vjp.gradients[1] || vjp.gradients[2])
      throw UsageError("op 'layer_norm' has no gradient for its outputs 1 and 2 (the moments)");
    Graph& graph = vjp.outputs[0].graph();
    const std::array<Value, 5> inputs = {vjp.inputs[0], vjp.inputs[1], vjp.outputs[1],
                                         vjp.outputs[2], vjp.gradients[0]};
    return graph.add(std::make_shared<LayerNormGradient>(), inputs,
                     graph.node(vjp.outputs[0].node()).where);
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    cost.flops = 8.0 * static_cast<double>(outputs[0].size());
    return cost;
  }

 private:
  float epsilon_;
};

}  // namespace

Value softmax(Operand x, int axis) { return along_axis(softmax_function, x, axis); }

Value log_softmax(Operand x, int axis) { return along_axis(log_softmax_function, x, axis); }

LayerNormParts layer_norm_parts(Operand x, Operand scale, Operand shift, float epsilon) {
  const Value value = x.value();
  const std::vector<Value> outputs =
      value.graph().add(std::make_shared<LayerNorm>(epsilon),
                        std::array{value, scale.value(), shift.value()}, x.where());
  return {outputs[0], outputs[1], outputs[2]};
}

Value layer_norm(Operand x, Operand scale, Operand shift, float epsilon) {
  return layer_norm_parts(x, scale, shift, epsilon).y;
}

}  // namespace abax
