// The matmul op: shapes, gradients, packing. How it computes is in ops/drivers/gemm_plan.h.
#include "ops/matmul.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/sum.h"
#include "ops/drivers/gemm_plan.h"
#include "ops/kernels/table.h"

namespace abax {
namespace {

/// A product's output shape, and the matrices that it comes down to.
struct Problem {
  Shape output;
  GemmShape gemm;
};

std::string described(const Shape& a, const Shape& b, const MatmulOptions& options) {
  return str_cat(a, options.transpose_a ? " transposed" : "", " x ", b,
                 options.transpose_b ? " transposed" : "");
}

void check_operand_types(std::span<const TensorType> inputs) {
  if (inputs.size() != 2)
    throw ShapeError(str_cat("matmul: expected 2 operands, got ", inputs.size()));
  if (inputs[0].dtype != f32 || inputs[1].dtype != f32)
    throw ShapeError(str_cat("matmul: expected f32 operands, got ", inputs[0], " x ", inputs[1]));
  if (inputs[0].shape.rank() < 2 || inputs[1].shape.rank() < 2)
    throw ShapeError(str_cat("matmul: expected at least two axes each, got ", inputs[0].shape,
                             " x ", inputs[1].shape, "; reshape a vector to one row or column"));
}

Shape leading(const Shape& shape) {
  return Shape(shape.sizes().first(static_cast<std::size_t>(shape.rank() - 2)));
}

/// Where each item of the batch `items` starts in an operand of shape `x`, in floats.
std::vector<std::int64_t> item_offsets(const Shape& items, const Shape& x) {
  const std::int64_t matrix = x.at(-2) * x.at(-1);
  std::vector<std::int64_t> offsets;
  offsets.reserve(static_cast<std::size_t>(items.size()));
  for (std::int64_t item = 0; item < items.size(); ++item) {
    std::int64_t rest = item, offset = 0, stride = matrix;
    for (int axis = 1; axis <= items.rank(); ++axis) {  // from the back
      const std::int64_t at = rest % items.at(-axis);
      rest /= items.at(-axis);
      if (axis > x.rank() - 2) continue;
      const std::int64_t size = x.at(-axis - 2);
      if (size != 1) offset += at * stride;
      stride *= size;
    }
    offsets.push_back(offset);
  }
  return offsets;
}

Problem resolve(const Shape& a, const Shape& b, const MatmulOptions& options) {
  Problem p;
  p.gemm.transpose_a = options.transpose_a;
  p.gemm.transpose_b = options.transpose_b;
  p.gemm.m = a.at(options.transpose_a ? -1 : -2);
  p.gemm.k = a.at(options.transpose_a ? -2 : -1);
  p.gemm.n = b.at(options.transpose_b ? -2 : -1);
  const std::int64_t b_k = b.at(options.transpose_b ? -1 : -2);
  if (p.gemm.k != b_k)
    throw ShapeError(str_cat("matmul: inner dimensions differ: ", described(a, b, options), " (",
                             p.gemm.k, " is not ", b_k, ")"));
  Shape items;
  try {
    items = broadcast(leading(a), leading(b));
  } catch (const ShapeError&) {
    throw ShapeError(str_cat("matmul: leading axes do not broadcast: ", described(a, b, options)));
  }
  p.output = items.inserted(items.rank(), p.gemm.m);
  p.output = p.output.inserted(p.output.rank(), p.gemm.n);
  if (b.rank() == 2 && !options.transpose_a) {
    p.gemm.m *= items.size();  // the rows of all items follow one another
  } else {
    p.gemm.a_offsets = item_offsets(items, a);
    p.gemm.b_offsets = item_offsets(items, b);
  }
  return p;
}

Cost product_cost(const GemmShape& gemm, std::span<const TensorType> inputs,
                  std::span<const TensorType> outputs) {
  Cost cost;
  for (const TensorType& type : inputs) cost.bytes += static_cast<double>(type.bytes());
  for (const TensorType& type : outputs) cost.bytes += static_cast<double>(type.bytes());
  cost.flops = 2. * static_cast<double>(gemm.m) * static_cast<double>(gemm.n) *
               static_cast<double>(gemm.k) * static_cast<double>(gemm.a_offsets.size());
  return cost;
}

Kernel compile_product(const GemmShape& gemm, const Signature& signature) {
  GemmPlan plan(gemm, signature.level, signature.epilogue);
  const std::size_t scratch = plan.scratch();
  return {[plan = std::move(plan)](const Call& call) { plan.run(call); }, scratch};
}

/// The shape of a packed b [k, n]: as many floats as any level needs. The layout depends on the
/// level.
Shape packed_shape(std::int64_t k, std::int64_t n) { return {(n + 31) / 32 * 32, k}; }

class MatmulPack final : public Op {
 public:
  explicit MatmulPack(bool transpose_b) : transpose_b_(transpose_b) {}

  std::string_view name() const override { return "matmul_pack"; }
  std::string attributes() const override { return str_cat("transpose_b=", transpose_b_); }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const Shape& b = inputs[0].shape;
    if (inputs[0].dtype != f32 || b.rank() != 2)
      throw ShapeError(str_cat("matmul_pack: expected an f32 matrix, got ", inputs[0]));
    return {{transpose_b_ ? packed_shape(b[1], b[0]) : packed_shape(b[0], b[1]), f32}};
  }

  Kernel compile(const Signature& signature) const override {
    const Shape b = signature.inputs[0].shape;
    const GemmKernels& gemm = *kernels(signature.level).gemm;
    const std::int64_t k = b[transpose_b_ ? 1 : 0], n = b[transpose_b_ ? 0 : 1];
    return {[&gemm, k, n, transposed = transpose_b_](const Call& call) {
              const MatrixView view = transposed ? MatrixView{call.in<float>(0), 1, k}
                                                 : MatrixView{call.in<float>(0), n, 1};
              pack_b_whole(gemm, view, k, n, call.out<float>(0), call);
            },
            0};
  }

 private:
  bool transpose_b_;
};

/// a [.., m, k] times a matrix b [k, n] that MatmulPack wrote.
class PackedMatmul final : public Op {
 public:
  PackedMatmul(const MatmulOptions& options, Shape b) : options_(options), b_(b) {}

  std::string_view name() const override { return "matmul_packed"; }
  std::string attributes() const override {
    return str_cat("transpose_a=", options_.transpose_a, " transpose_b=", options_.transpose_b,
                   " b=", b_);
  }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const Problem p = resolve(inputs[0].shape, b_, options_);
    if (inputs[1].shape != packed_shape(p.gemm.k, p.gemm.n))
      throw ShapeError(str_cat("matmul_packed: expected a pack of ", b_, ", which is ",
                               packed_shape(p.gemm.k, p.gemm.n), ", got ", inputs[1].shape));
    return {{p.output, f32}};
  }

  Kernel compile(const Signature& signature) const override {
    GemmShape gemm = resolve(signature.inputs[0].shape, b_, options_).gemm;
    gemm.packed_b = true;
    return compile_product(gemm, signature);
  }

  bool accepts_epilogue() const override { return true; }

  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    return product_cost(resolve(inputs[0].shape, b_, options_).gemm, inputs, outputs);
  }

 private:
  MatmulOptions options_;
  Shape b_;
};

/// y [m, n] = the sum over all leading axes of a^T b, a [.., k, m], b [.., k, n]: one product over
/// all rows. The gradient of a matrix that multiplies the rows of a tensor with leading axes.
class MatmulRows final : public Op {
 public:
  std::string_view name() const override { return "matmul_rows"; }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    check_operand_types(inputs);
    const Shape &a = inputs[0].shape, &b = inputs[1].shape;
    if (a.without(-1) != b.without(-1))
      throw ShapeError(str_cat("matmul_rows: rows differ: ", a, " transposed x ", b));
    return {{{a.at(-1), b.at(-1)}, f32}};
  }

  Kernel compile(const Signature& signature) const override {
    return compile_product(product(signature.inputs), signature);
  }

  std::vector<Value> vjp(const Vjp& vjp) const override {
    const auto where = vjp.outputs[0].graph().node(vjp.outputs[0].node()).where;
    const Operand a(vjp.inputs[0], where), b(vjp.inputs[1], where), g(vjp.gradients[0], where);
    std::vector<Value> result(2);
    if (vjp.wanted[0]) result[0] = matmul(b, g, {.transpose_b = true});
    if (vjp.wanted[1]) result[1] = matmul(a, g);
    return result;
  }

  bool accepts_epilogue() const override { return true; }

  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    return product_cost(product(inputs), inputs, outputs);
  }

 private:
  static GemmShape product(std::span<const TensorType> inputs) {
    const Shape &a = inputs[0].shape, &b = inputs[1].shape;
    return {.m = a.at(-1), .n = b.at(-1), .k = a.without(-1).size(), .transpose_a = true};
  }
};

class Matmul final : public Op {
 public:
  explicit Matmul(const MatmulOptions& options) : options_(options) {}

  std::string_view name() const override { return "matmul"; }
  std::string attributes() const override {
    return str_cat("transpose_a=", options_.transpose_a, " transpose_b=", options_.transpose_b);
  }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    check_operand_types(inputs);
    return {{resolve(inputs[0].shape, inputs[1].shape, options_).output, f32}};
  }

  Kernel compile(const Signature& signature) const override {
    return compile_product(
        resolve(signature.inputs[0].shape, signature.inputs[1].shape, options_).gemm, signature);
  }

  std::vector<Value> vjp(const Vjp& vjp) const override {
    const auto where = vjp.outputs[0].graph().node(vjp.outputs[0].node()).where;
    const Operand a(vjp.inputs[0], where), b(vjp.inputs[1], where), g(vjp.gradients[0], where);
    const Shape &a_shape = vjp.inputs[0].shape(), &b_shape = vjp.inputs[1].shape();
    const auto [ta, tb] = options_;
    // y = A B with A = op(a) and B = op(b): dA = g B^T, dB = A^T g, transposed where a or b are.
    std::vector<Value> result(2);
    if (vjp.wanted[0])
      result[0] = unbroadcast(ta ? matmul(b, g, {.transpose_a = tb, .transpose_b = true})
                                 : matmul(g, b, {.transpose_b = !tb}),
                              a_shape, where);
    if (vjp.wanted[1]) {
      if (b_shape.rank() == 2 && a_shape.rank() > 2 && !ta)
        result[1] = a.value().graph().add_one(
            std::make_shared<MatmulRows>(),
            {tb ? g.value() : a.value(), tb ? a.value() : g.value()}, where);
      else
        result[1] = unbroadcast(tb ? matmul(g, a, {.transpose_a = true, .transpose_b = ta})
                                   : matmul(a, g, {.transpose_a = !ta}),
                                b_shape, where);
    }
    return result;
  }

  bool accepts_epilogue() const override { return true; }

  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    return product_cost(resolve(inputs[0].shape, inputs[1].shape, options_).gemm, inputs, outputs);
  }

  std::optional<Packing> packing(int input, std::span<const TensorType> inputs) const override {
    if (input != 1 || inputs[1].shape.rank() != 2) return std::nullopt;
    // A single row reads a row-major matrix as fast in place.
    const GemmShape gemm = resolve(inputs[0].shape, inputs[1].shape, options_).gemm;
    if (gemm.m == 1 && !options_.transpose_b) return std::nullopt;
    return Packing{std::make_shared<MatmulPack>(options_.transpose_b),
                   std::make_shared<PackedMatmul>(options_, inputs[1].shape)};
  }

 private:
  /// The gradient of an operand whose leading axes may have been stretched.
  static Value unbroadcast(Value gradient, const Shape& shape, const SourceLocation& where) {
    return gradient.shape() == shape ? gradient : sum_to({gradient, where}, shape);
  }

  MatmulOptions options_;
};

}  // namespace

Value matmul(Operand a, Operand b, MatmulOptions options) {
  return a.value().graph().add_one(std::make_shared<Matmul>(options), {a.value(), b.value()},
                                   a.where());
}

}  // namespace abax
