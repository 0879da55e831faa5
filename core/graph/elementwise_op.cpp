// Elementwise ops: types, kernels over tile programs, gradients of broadcast operands; and
// addition.
#include "core/graph/elementwise_op.h"

#include <algorithm>
#include <cstdio>

#include "core/base/error.h"
#include "core/base/kernels/core_kernels.h"
#include "core/base/sizes.h"
#include "core/base/text.h"
#include "core/graph/graph.h"
#include "core/graph/sum.h"

namespace abax {
namespace {

// Elements of one part: some 100 microseconds of memory traffic at most, many tiles.
constexpr std::int64_t part_elements = 32 * TileProgram::tile_size;

std::string list(std::span<const TensorType> types) {
  std::string result;
  for (const TensorType& type : types) result += str_cat(result.empty() ? "" : ", ", type);
  return result;
}

const TileOp tile_add_then_add{
    .name = "add_add",
    .arity = 3,
    .functions = {sse2::core_kernels.add_then_add, avx2::core_kernels.add_then_add,
                  avx512::core_kernels.add_then_add},
    .flops = 2};
const TilePair add_pairs[] = {{&tile_add, &tile_add, 0, &tile_add_then_add}};

}  // namespace

std::string ElementwiseOp::attributes() const {
  std::string result;
  for (int i = 0; i < op_->constants; ++i) {
    char number[32];
    std::snprintf(number, sizeof number, "%a",
                  static_cast<double>(constants_[static_cast<std::size_t>(i)]));
    result += str_cat(i ? " c" : "c", i, "=", number);
  }
  return result;
}

std::vector<TensorType> ElementwiseOp::infer(std::span<const TensorType> inputs) const {
  check_tile_op(*op_);
  if (inputs.size() != static_cast<std::size_t>(op_->arity))
    throw ShapeError(str_cat(name(), " takes ", op_->arity, " operands, not ", inputs.size()));
  Shape shape;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].dtype != op_->in[i])
      throw ShapeError(str_cat(name(), ": operand ", i, " is to be ", op_->in[i], ", not ",
                               inputs[i].dtype, " (got ", list(inputs), ")"));
    try {
      shape = broadcast(shape, inputs[i].shape);
    } catch (const ShapeError& error) {
      throw ShapeError(str_cat(name(), ": ", error.what()));
    }
  }
  return {{shape, op_->out}};
}

Kernel ElementwiseOp::compile(const Signature& signature) const {
  TileProgram::Instruction instruction = *tile();
  for (int i = 0; i < op_->arity; ++i) instruction.in[static_cast<std::size_t>(i)] = i;
  return tile_kernel(
      std::make_shared<TileProgram>(signature.outputs[0].shape, signature.inputs,
                                    std::vector{instruction}, std::vector{op_->arity}),
      signature.level);
}

std::vector<Value> ElementwiseOp::vjp(const Vjp& vjp) const {
  if (!derivative_) return Op::vjp(vjp);
  std::vector<Value> gradients = derivative_(vjp, constants_);
  // A wrong number is refused by the caller.
  for (std::size_t i = 0; i < std::min(gradients.size(), vjp.inputs.size()); ++i)
    if (gradients[i] && gradients[i].shape() != vjp.inputs[i].shape())
      gradients[i] = sum_to(gradients[i], vjp.inputs[i].shape());
  return gradients;
}

std::optional<TileProgram::Instruction> ElementwiseOp::tile() const {
  return TileProgram::Instruction{op_, {}, constants_, op_->out};
}

bool ElementwiseOp::may_overwrite(int, int) const { return true; }

Cost ElementwiseOp::cost(std::span<const TensorType> inputs,
                         std::span<const TensorType> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = static_cast<double>(op_->flops) * static_cast<double>(outputs[0].size());
  return cost;
}

Kernel tile_kernel(std::shared_ptr<const TileProgram> program, Level level) {
  const std::int64_t size = program->shape().size();
  const std::int64_t parts = ceil_div(size, part_elements);
  return {.run =
              [=](const Call& call) {
                call.loop(parts, [&](std::int64_t part) {
                  const std::int64_t begin = part * part_elements;
                  program->run(level, call.inputs, call.outputs, begin,
                               std::min(size, begin + part_elements));
                });
              },
          .parts = parts};
}

const TileOp tile_add{
    .name = "add",
    .arity = 2,
    .functions = {sse2::core_kernels.add, avx2::core_kernels.add, avx512::core_kernels.add},
    .pairs = add_pairs};

std::shared_ptr<const Op> add_op() {
  static const auto op = std::make_shared<ElementwiseOp>(
      tile_add, [](const Vjp& vjp, const ElementwiseOp::Constants&) {
        return std::vector{vjp.gradients[0], vjp.gradients[0]};
      });
  return op;
}

}  // namespace abax
