// Convolution ops: shapes, gradients, packing. How they compute is in
// ops/drivers/convolution_plan.h.
#include "ops/convolution.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "ops/drivers/convolution_plan.h"
#include "ops/matmul.h"
#include "ops/shape.h"

namespace abax {
namespace {

std::string described(const ConvolutionOptions& o) {
  const auto& [top, bottom, left, right] = o.padding;
  return str_cat("stride=", o.stride, " padding=", top, ",", bottom, ",", left, ",", right);
}

/// The size of a convolution's result along one axis.
std::int64_t positions(std::int64_t size, std::int64_t before, std::int64_t after,
                       std::int64_t kernel, std::int64_t stride) {
  return (size + before + after - kernel) / stride + 1;
}

void check_types(std::string_view name, std::span<const TensorType> inputs,
                 const ConvolutionOptions& o) {
  if (inputs[0].dtype != f32 || inputs[1].dtype != f32 || inputs[0].shape.rank() != 4 ||
      inputs[1].shape.rank() != 4)
    throw ShapeError(str_cat(name,
                             ": expected f32[batch, height, width, channels] and f32[height, "
                             "width, in, out], got ",
                             inputs[0], " and ", inputs[1]));
  const Padding& p = o.padding;
  if (o.stride < 1 || std::min({p.top, p.bottom, p.left, p.right}) < 0)
    throw ShapeError(str_cat(
        name, ": expected a stride of at least 1 and no negative padding, got ", described(o)));
}

/// Throws unless a kernel of this shape fits into padded images of this size.
void check_fits(std::string_view name, const Shape& kernel, std::int64_t height, std::int64_t width,
                const ConvolutionOptions& o) {
  const Padding& p = o.padding;
  if (kernel[0] < 1 || kernel[1] < 1 || kernel[0] > height + p.top + p.bottom ||
      kernel[1] > width + p.left + p.right)
    throw ShapeError(str_cat(name, ": a kernel ", kernel, " does not fit into images of ", height,
                             " x ", width, " with ", described(o)));
}

Cost convolution_cost(const ConvolutionShape& shape, std::span<const TensorType> inputs,
                      std::span<const TensorType> outputs) {
  Cost cost;
  for (const TensorType& type : inputs) cost.bytes += static_cast<double>(type.bytes());
  for (const TensorType& type : outputs) cost.bytes += static_cast<double>(type.bytes());
  cost.flops = 2 * shape.multiply_adds();
  return cost;
}

/// What a convolution is, but for the batch and size of its input.
struct Convolution {
  ConvolutionOptions options;
  bool transposed = false;
  bool swapped = false;                // the kernel is [.., out, in]
  std::int64_t height = 0, width = 0;  // of the result, where transposed

  std::string_view name() const { return transposed ? "conv2d_transposed" : "conv2d"; }
  std::string attributes() const {
    return str_cat(described(options), " swapped=", swapped,
                   transposed ? str_cat(" size=", height, "x", width) : "");
  }

  /// Throws ShapeError where x and the kernel do not go together.
  ConvolutionShape resolve(const Shape& x, const Shape& kernel) const {
    const std::int64_t in = kernel[swapped ? 3 : 2], out = kernel[swapped ? 2 : 3];
    if (x[3] != in)
      throw ShapeError(str_cat(name(), ": channels differ: x ", x, " and kernel ", kernel, " (",
                               x[3], " is not ", in, ")"));
    const Padding& p = options.padding;
    const std::int64_t big_height = transposed ? height : x[1];
    const std::int64_t big_width = transposed ? width : x[2];
    check_fits(name(), kernel, big_height, big_width, options);
    const std::int64_t lines = positions(big_height, p.top, p.bottom, kernel[0], options.stride);
    const std::int64_t columns = positions(big_width, p.left, p.right, kernel[1], options.stride);
    if (transposed && (x[1] != lines || x[2] != columns))
      throw ShapeError(str_cat(name(), ": a convolution with kernel ", kernel, ", ",
                               described(options), " makes ", lines, " x ", columns, " of ", height,
                               " x ", width, ", not x ", x));
    return {.batch = x[0],
            .in_height = x[1],
            .in_width = x[2],
            .in_channels = in,
            .out_height = transposed ? height : lines,
            .out_width = transposed ? width : columns,
            .out_channels = out,
            .kernel_height = kernel[0],
            .kernel_width = kernel[1],
            .stride = options.stride,
            .top = p.top,
            .left = p.left,
            .transposed = transposed,
            .swapped = swapped};
  }
};

Shape output_of(const ConvolutionShape& s) {
  return {s.batch, s.out_height, s.out_width, s.out_channels};
}

Kernel compile_convolution(const ConvolutionShape& shape, const Signature& signature) {
  ConvolutionPlan plan(shape, signature.level, signature.epilogue);
  const std::size_t scratch = plan.scratch();
  return {[plan = std::move(plan)](const Call& call) { plan.run(call); }, scratch};
}

/// The shape of a packed kernel: as many floats as any level needs.
Shape packed_shape(const ConvolutionShape& s) {
  return {(s.out_channels + 31) / 32 * 32, s.kernel_height * s.kernel_width * s.in_channels};
}

class PackKernel final : public Op {
 public:
  explicit PackKernel(const ConvolutionShape& shape) : shape_(shape) {}
  std::string_view name() const override { return "conv2d_pack"; }
  // What the packed form depends on.
  std::string attributes() const override {
    return str_cat("transposed=", shape_.transposed, " swapped=", shape_.swapped,
                   shape_.transposed ? str_cat(" stride=", shape_.stride) : "");
  }
  std::vector<TensorType> infer(std::span<const TensorType>) const override {
    return {{packed_shape(shape_), f32}};
  }
  Kernel compile(const Signature& signature) const override {
    return {[shape = shape_, level = signature.level](const Call& call) {
              pack_kernel(shape, level, call.in<float>(0), call.out<float>(0), call);
            },
            0};
  }

 private:
  ConvolutionShape shape_;
};

/// Inputs x and what PackKernel wrote.
class PackedConvolution final : public Op {
 public:
  PackedConvolution(const Convolution& convolution, Shape kernel)
      : convolution_(convolution), kernel_(kernel) {}
  std::string_view name() const override {
    return convolution_.transposed ? "conv2d_transposed_packed" : "conv2d_packed";
  }
  std::string attributes() const override {
    return str_cat(convolution_.attributes(), " kernel=", kernel_);
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {{output_of(convolution_.resolve(inputs[0].shape, kernel_)), f32}};
  }
  Kernel compile(const Signature& signature) const override {
    ConvolutionShape shape = convolution_.resolve(signature.inputs[0].shape, kernel_);
    shape.packed = true;
    return compile_convolution(shape, signature);
  }
  bool accepts_epilogue() const override { return true; }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    return convolution_cost(convolution_.resolve(inputs[0].shape, kernel_), inputs, outputs);
  }

 private:
  Convolution convolution_;
  Shape kernel_;
};

/// Inputs x [batch, height, width, in] and dy, what conv2d makes of it [.., out]; output: the
/// gradient of the kernel [kernel_height, kernel_width, in, out].
class KernelGradient final : public Op {
 public:
  KernelGradient(const ConvolutionOptions& options, std::int64_t height, std::int64_t width)
      : options_(options), height_(height), width_(width) {}
  std::string_view name() const override { return "conv2d_kernel_gradient"; }
  std::string attributes() const override {
    return str_cat(described(options_), " kernel=", height_, "x", width_);
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {{kernel(inputs), f32}};
  }
  Kernel compile(const Signature& signature) const override {
    KernelGradientPlan plan(resolve(signature.inputs), signature.level);
    const std::size_t scratch = plan.scratch();
    return {[plan](const Call& call) { plan.run(call); }, scratch};
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    return convolution_cost(resolve(inputs), inputs, outputs);
  }

 private:
  Shape kernel(std::span<const TensorType> inputs) const {
    return {height_, width_, inputs[0].shape[3], inputs[1].shape[3]};
  }
  ConvolutionShape resolve(std::span<const TensorType> inputs) const {
    return Convolution{.options = options_}.resolve(inputs[0].shape, kernel(inputs));
  }
  ConvolutionOptions options_;
  std::int64_t height_, width_;  // of the kernel
};

/// Inputs x and the kernel.
class ConvolutionOp final : public Op {
 public:
  explicit ConvolutionOp(const Convolution& convolution) : convolution_(convolution) {}
  std::string_view name() const override { return convolution_.name(); }
  std::string attributes() const override { return convolution_.attributes(); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    check_types(name(), inputs, convolution_.options);
    return {{output_of(resolve(inputs)), f32}};
  }
  Kernel compile(const Signature& signature) const override {
    return compile_convolution(resolve(signature.inputs), signature);
  }
  bool accepts_epilogue() const override { return true; }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    return convolution_cost(resolve(inputs), inputs, outputs);
  }
  std::optional<Packing> packing(int input, std::span<const TensorType> inputs) const override {
    if (input != 1) return std::nullopt;
    return Packing{std::make_shared<PackKernel>(resolve(inputs)),
                   std::make_shared<PackedConvolution>(convolution_, inputs[1].shape)};
  }

  std::vector<Value> vjp(const Vjp& vjp) const override {
    Graph& g = vjp.outputs[0].graph();
    const auto where = g.node(vjp.outputs[0].node()).where;
    const Value x = vjp.inputs[0], kernel = vjp.inputs[1], dy = vjp.gradients[0];
    const auto& [options, transposed, swapped, height, width] = convolution_;
    std::vector<Value> result(2);
    // The product is linear in x; its transpose is the other convolution.
    if (vjp.wanted[0])
      result[0] = g.add_one(
          std::make_shared<ConvolutionOp>(Convolution{.options = options,
                                                      .transposed = !transposed,
                                                      .swapped = !swapped,
                                                      .height = transposed ? 0 : x.shape()[1],
                                                      .width = transposed ? 0 : x.shape()[2]}),
          {dy, kernel}, where);
    if (vjp.wanted[1]) {
      // As if the kernel led from the larger image to the smaller: [.., larger's, smaller's].
      const Value gradient =
          g.add_one(std::make_shared<KernelGradient>(options, kernel.shape()[0], kernel.shape()[1]),
                    {transposed ? dy : x, transposed ? x : dy}, where);
      result[1] = transposed == swapped ? gradient : transpose({gradient, where});
    }
    return result;
  }

 private:
  ConvolutionShape resolve(std::span<const TensorType> inputs) const {
    return convolution_.resolve(inputs[0].shape, inputs[1].shape);
  }
  Convolution convolution_;
};

}  // namespace

Padding same_padding(std::int64_t height, std::int64_t width, std::int64_t kernel_height,
                     std::int64_t kernel_width, std::int64_t stride) {
  const auto zeros = [&](std::int64_t size, std::int64_t kernel) {
    return std::max<std::int64_t>(((size + stride - 1) / stride - 1) * stride + kernel - size, 0);
  };
  const std::int64_t rows = zeros(height, kernel_height), columns = zeros(width, kernel_width);
  return {rows / 2, rows - rows / 2, columns / 2, columns - columns / 2};
}

Value conv2d(Operand x, Operand kernel, ConvolutionOptions options) {
  const Value image = x.value(), weights = kernel.value();
  const Padding& p = options.padding;
  // A kernel of one pixel is a matrix that multiplies each pixel.
  if (options.stride == 1 && p.top == 0 && p.bottom == 0 && p.left == 0 && p.right == 0 &&
      image.dtype() == f32 && weights.dtype() == f32 && image.shape().rank() == 4 &&
      weights.shape().rank() == 4 && weights.shape()[0] == 1 && weights.shape()[1] == 1 &&
      weights.shape()[2] == image.shape()[3])
    return matmul(x, {reshape(kernel, {weights.shape()[2], weights.shape()[3]}), kernel.where()});
  return image.graph().add_one(std::make_shared<ConvolutionOp>(Convolution{.options = options}),
                               {image, weights}, x.where());
}

Value conv2d_transposed(Operand x, Operand kernel, std::int64_t height, std::int64_t width,
                        ConvolutionOptions options) {
  return x.value().graph().add_one(
      std::make_shared<ConvolutionOp>(
          Convolution{.options = options, .transposed = true, .height = height, .width = width}),
      {x.value(), kernel.value()}, x.where());
}

}  // namespace abax
