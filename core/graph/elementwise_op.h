// The op class of every elementwise operation: one TileOp gives infer, kernel, fusion and printing.
//
//     const TileOp tile_tanh{.name = "tanh",
//                            .arity = 1,
//                            .functions = {sse2::tanh_tile, avx2::tanh_tile, avx512::tanh_tile},
//                            .flops = 15};
//     Value tanh(Operand x) {
//       static const auto op = std::make_shared<ElementwiseOp>(
//           tile_tanh, [](const Vjp& v, const ElementwiseOp::Constants&) {
//             return std::vector{v.gradients[0] * (1 - square(v.outputs[0]))};  // keeps the output
//           });
//       return x.value().graph().add_one(op, {x.value()}, x.where());
//     }
#pragma once

#include <array>

#include "core/graph/op.h"

namespace abax {

class ElementwiseOp : public Op {
 public:
  using Constants = std::array<float, 2>;
  /// The gradient of each operand, of the shape of the output: what was broadcast is summed
  /// afterwards. Empty Values for operands without gradient.
  using Derivative = std::vector<Value> (*)(const Vjp& vjp, const Constants& constants);

  /// `op` has static lifetime. Without a derivative the op has no gradient.
  explicit ElementwiseOp(const TileOp& op, Derivative derivative = nullptr,
                         Constants constants = {})
      : op_(&op), derivative_(derivative), constants_(constants) {}

  std::string_view name() const override { return op_->name; }
  /// The constants in hexadecimal.
  std::string attributes() const override;
  /// Broadcasts the operands. Throws ShapeError on a wrong number or type of operands, too.
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  Kernel compile(const Signature& signature) const override;
  std::vector<Value> vjp(const Vjp& vjp) const override;
  std::optional<TileProgram::Instruction> tile() const override;
  bool may_overwrite(int output, int input) const override;
  Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs) const override;

 private:
  const TileOp* op_;
  Derivative derivative_;
  Constants constants_;
};

/// A tile program as a kernel: its operands are the call's first inputs, its outputs the call's
/// first outputs. Its parts are fixed by its size.
Kernel tile_kernel(std::shared_ptr<const TileProgram> program, Level level);

/// a + b with broadcasting: what gradients accumulate with. `a + b` is the same op.
extern const TileOp tile_add;
std::shared_ptr<const Op> add_op();

}  // namespace abax
