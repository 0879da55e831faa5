// SwiGLU: an elementwise op whose gradients for both operands are one op.
#include "ops/gated.h"

#include <array>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/elementwise_op.h"
#include "ops/drivers/partition.h"
#include "ops/kernels/gated.h"
#include "ops/kernels/table.h"

namespace abax {
namespace {

/// Inputs a, b, dy; outputs da, db. All of one shape.
class SwigluGradient : public Op {
 public:
  std::string_view name() const override { return "swiglu_gradient"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0], inputs[1]};
  }
  /// An element is read before it is written.
  bool may_overwrite(int, int) const override { return true; }
  Kernel compile(const Signature& signature) const override {
    const Partition parts{signature.inputs[0].size(), part_size};
    const auto kernel = kernels(signature.level).gated->swiglu_gradient;
    return {.run =
                [=](const Call& call) {
                  call.loop(parts.count(), [&](std::int64_t part) {
                    const std::int64_t at = parts.begin(part);
                    kernel(call.in<float>(0) + at, call.in<float>(1) + at, call.in<float>(2) + at,
                           call.out<float>(0) + at, call.out<float>(1) + at, parts.end(part) - at);
                  });
                },
            .parts = parts.count()};
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    cost.flops = 26.0 * static_cast<double>(outputs[0].size());
    return cost;
  }
};

std::vector<Value> derivative(const Vjp& vjp, const ElementwiseOp::Constants&) {
  Graph& graph = vjp.outputs[0].graph();
  return graph.add(std::make_shared<SwigluGradient>(),
                   std::array{vjp.inputs[0], vjp.inputs[1], vjp.gradients[0]},
                   graph.node(vjp.outputs[0].node()).where);
}

class Swiglu : public ElementwiseOp {
 public:
  Swiglu() : ElementwiseOp(tile_op(), derivative) {}
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    if (inputs[0].dtype != f32 || inputs[1] != inputs[0])
      throw ShapeError(
          str_cat("swiglu: two f32 of one shape expected, got ", inputs[0], " and ", inputs[1]));
    return ElementwiseOp::infer(inputs);
  }

 private:
  static const TileOp& tile_op() {
    static const TileOp op{
        .name = "swiglu",
        .arity = 2,
        .functions = {kernels(Level::sse2).gated->swiglu, kernels(Level::avx2).gated->swiglu,
                      kernels(Level::avx512).gated->swiglu},
        .flops = 22};
    return op;
  }
};

}  // namespace

Value swiglu(Operand a, Operand b) {
  const Value gate = a.value();
  return gate.graph().add_one(std::make_shared<Swiglu>(), {gate, b.value()}, a.where());
}

}  // namespace abax
