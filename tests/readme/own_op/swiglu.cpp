// The op: its shapes, its kernel, its gradient.
#include "swiglu.h"

#include <algorithm>
#include <array>

using namespace abax;

namespace my {

constexpr std::int64_t part = 32768;  // elements a thread takes at a time

SwigluKernels kernels_of(Level level) {
  return at_level(level, sse2::swiglu_kernels, avx2::swiglu_kernels, avx512::swiglu_kernels);
}

/// Inputs a, b, dy; outputs da, db: both in one pass over memory.
class SwigluGradient : public Op {
 public:
  std::string_view name() const override { return "my_swiglu_gradient"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0], inputs[1]};
  }
  bool may_overwrite(int, int) const override { return true; }  // an element is read, then written
  Kernel compile(const Signature& signature) const override {
    const SwigluKernels kernels = kernels_of(signature.level);
    const std::int64_t size = signature.inputs[0].size();
    return {[=](const Call& call) {
      call.loop((size + part - 1) / part, [&](std::int64_t i) {
        const std::int64_t at = i * part;
        kernels.gradient(call.in<float>(0) + at, call.in<float>(1) + at, call.in<float>(2) + at,
                         call.out<float>(0) + at, call.out<float>(1) + at,
                         std::min(part, size - at));
      });
    }};
  }
};

std::vector<Value> gradient(const Vjp& vjp, const ElementwiseOp::Constants&) {
  const Value y = vjp.outputs[0];
  return y.graph().add(std::make_shared<SwigluGradient>(),
                       std::array{vjp.inputs[0], vjp.inputs[1], vjp.gradients[0]},
                       y.graph().node(y.node()).where);
}

const TileOp tile_op{.name = "my_swiglu",
                     .arity = 2,
                     .functions = {sse2::swiglu_kernels.forward, avx2::swiglu_kernels.forward,
                                   avx512::swiglu_kernels.forward},
                     .flops = 22};

// As an elementwise op it joins chains of others and the ends of products.
Value swiglu(Operand a, Operand b) {
  const Value gate = a.value();
  return gate.graph().add_one(std::make_shared<ElementwiseOp>(tile_op, gradient), {gate, b.value()},
                              a.where());
}

}  // namespace my
