// Cross-entropy with an ignored target, fused with softmax, and its gradient op; losses out of
// elementwise ops.
#include "ops/loss.h"

#include <array>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/elementwise_op.h"
#include "core/graph/sum.h"
#include "ops/attributes.h"
#include "ops/drivers/elementwise_tiles.h"
#include "ops/drivers/partition.h"
#include "ops/elementwise.h"
#include "ops/kernels/loss.h"
#include "ops/kernels/table.h"
#include "ops/reduce.h"

namespace abax {
namespace {

std::int64_t classes_of(const TensorType& logits) { return logits.shape.at(-1); }
std::int64_t rows_of(const TensorType& logits) {
  return logits.shape.size(0, logits.shape.rank() - 1);
}

std::string attributes_of(const CrossEntropyOptions& options) {
  return str_cat("ignored=", options.ignored, " smoothing=", exact(double{options.smoothing}));
}

/// Inputs logits [.., classes], targets [..], log-sums [..], the gradient of the sum [] or of the
/// rows [..]; output dlogits [.., classes].
class CrossEntropyGradient : public Op {
 public:
  explicit CrossEntropyGradient(CrossEntropyOptions options) : options_(options) {}
  std::string_view name() const override { return "cross_entropy_gradient"; }
  std::string attributes() const override { return attributes_of(options_); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  bool may_overwrite(int, int input) const override { return input == 0; }
  Kernel compile(const Signature& signature) const override {
    const TensorType& logits = signature.inputs[0];
    const std::int64_t classes = classes_of(logits);
    const Partition rows = partition_rows(rows_of(logits), classes);
    const std::int64_t stride = signature.inputs[3].shape == signature.inputs[2].shape ? 1 : 0;
    const auto kernel = kernels(signature.level).loss->cross_entropy_gradient;
    return {[=, options = options_](const Call& call) {
      call.loop(rows.count(), [&](std::int64_t part) {
        const std::int64_t begin = rows.begin(part), at = begin * classes;
        kernel(call.in<float>(0) + at, call.in<std::int32_t>(1) + begin, options.ignored,
               options.smoothing, call.in<float>(2) + begin, call.in<float>(3) + begin * stride,
               stride, call.out<float>(0) + at, rows.end(part) - begin, classes);
      });
    }};
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    cost.flops = 5.0 * static_cast<double>(outputs[0].size());
    return cost;
  }

 private:
  CrossEntropyOptions options_;
};

enum class Result : std::uint8_t { sum, rows };

/// Inputs logits [.., classes], targets [..]; outputs sum [], count [] and log-sums [..], or losses
/// [..] and log-sums [..].
class CrossEntropy : public Op {
 public:
  CrossEntropy(Result result, CrossEntropyOptions options) : result_(result), options_(options) {}
  std::string_view name() const override {
    return result_ == Result::sum ? "cross_entropy" : "cross_entropy_rows";
  }
  std::string attributes() const override { return attributes_of(options_); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType &logits = inputs[0], &targets = inputs[1];
    if (logits.dtype != f32 || logits.shape.rank() == 0 || targets.dtype != i32 ||
        classes_of(logits) == 0 || targets.shape != logits.shape.without(-1))
      throw ShapeError(str_cat(name(),
                               ": expected logits f32[.., classes] with classes > 0 and "
                               "targets i32[..], got ",
                               logits, " and ", targets));
    if (!(options_.smoothing >= 0 && options_.smoothing <= 1))
      throw UsageError(
          str_cat(name(), ": a smoothing in [0, 1] expected, got ", options_.smoothing));
    const TensorType row{targets.shape, f32};
    if (result_ == Result::rows) return {row, row};
    return {{{}, f32}, {{}, f32}, row};
  }
  Kernel compile(const Signature& signature) const override {
    const std::int64_t classes = classes_of(signature.inputs[0]);
    const Partition rows = partition_rows(rows_of(signature.inputs[0]), classes);
    const auto kernel = kernels(signature.level).loss->cross_entropy;
    const bool summed = result_ == Result::sum;
    const auto run = [=, options = options_, name = signature.name](const Call& call) {
      const auto* targets = call.in<std::int32_t>(1);
      std::int64_t counted = 0;
      for (std::int64_t i = 0; i < rows.total; ++i) {
        if (targets[i] == options.ignored) continue;
        if (targets[i] < 0 || targets[i] >= classes)
          throw DataError(str_cat(name, ": target ", targets[i], " at position ", i,
                                  " is neither in [0, ", classes, ") nor the ignored ",
                                  options.ignored));
        ++counted;
      }
      auto* log_sums = call.out<float>(summed ? 2 : 1);
      auto* sums = reinterpret_cast<double*>(call.scratch);  // one a part
      call.loop(rows.count(), [&](std::int64_t part) {
        const std::int64_t begin = rows.begin(part);
        sums[part] =
            kernel(call.in<float>(0) + begin * classes, targets + begin, options.ignored,
                   options.smoothing, log_sums + begin,
                   summed ? nullptr : call.out<float>(0) + begin, rows.end(part) - begin, classes);
      });
      if (!summed) return;
      double sum = 0;
      for (std::int64_t part = 0; part < rows.count(); ++part) sum += sums[part];
      *call.out<float>(0) = static_cast<float>(sum);
      *call.out<float>(1) = static_cast<float>(counted);
    };
    return {run, static_cast<std::size_t>(rows.count()) * sizeof(double)};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    if (vjp.gradients.back())
      throw UsageError(
          str_cat("op '", name(), "' has no gradient for its log-sums; logsumexp has"));
    if (!vjp.gradients[0]) return {{}, {}};  // the count depends on no logit
    Graph& graph = vjp.outputs[0].graph();
    return {graph.add_one(std::make_shared<CrossEntropyGradient>(options_),
                          {vjp.inputs[0], vjp.inputs[1], vjp.outputs.back(), vjp.gradients[0]},
                          graph.node(vjp.outputs[0].node()).where),
            {}};
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    cost.flops = 4.0 * static_cast<double>(inputs[0].size());
    return cost;
  }

 private:
  Result result_;
  CrossEntropyOptions options_;
};

std::vector<Value> build(Result result, const Operand& logits, const Operand& targets,
                         CrossEntropyOptions options) {
  const Value value = logits.value();
  return value.graph().add(std::make_shared<CrossEntropy>(result, options),
                           std::array{value, targets.value()}, logits.where());
}

/// softplus(x) - x t, without the cancellation where x is far from 0.
Value binary_cross_entropy_elements(const Value& logits, const Value& targets,
                                    const SourceLocation& where) {
  const auto derivative = [](const Vjp& vjp, const ElementwiseOp::Constants&) {
    const SourceLocation place = vjp.outputs[0].graph().node(vjp.outputs[0].node()).where;
    const Operand x(vjp.inputs[0], place), t(vjp.inputs[1], place), dy(vjp.gradients[0], place);
    std::vector<Value> result(2);
    if (vjp.wanted[0]) result[0] = dy * Operand(sigmoid(x) - t, place);
    if (vjp.wanted[1]) result[1] = dy * Operand(-x, place);
    return result;
  };
  using Form = elementwise::Both<elementwise::BinaryCrossEntropy>;
  return logits.graph().add_one(
      std::make_shared<ElementwiseOp>(elementwise::Tiles::get().form<Form>(), derivative),
      {logits, targets}, where);
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  bool fits = from.rank() <= to.rank();
  for (int axis = 1; fits && axis <= from.rank(); ++axis)
    fits = from.at(-axis) == 1 || from.at(-axis) == to.at(-axis);
  return fits;
}

/// The elements' losses, weighted, as a sum and a count.
Loss weighted(std::string_view name, Operand losses, const Value& weights) {
  const Value value = losses.value();
  Graph& graph = value.graph();
  const SourceLocation where = losses.where();
  if (!weights)
    return {sum(losses), graph.constant(static_cast<float>(value.shape().size()), where)};
  const Operand factors(cast({weights, where}, f32), where);
  if (!broadcasts_to(factors.value().shape(), value.shape()))
    throw ShapeError(str_cat(name, ": weights ", weights.type(), " do not broadcast to ",
                             value.shape(), graph.location(where)));
  const Value each = losses * factors;
  return {sum({each, where}), sum({broadcast_to(factors, value.shape()), where})};
}

void require_alike(std::string_view name, const Operand& output, const Operand& target) {
  const TensorType type = output.value().type();
  if (type.dtype != f32 || target.value().type() != type)
    throw ShapeError(str_cat(name, ": two f32 of one shape expected, got ", type, " and ",
                             target.value().type(),
                             output.value().graph().location(output.where())));
}

}  // namespace

Value mean(const Loss& loss, SourceLocation where) {
  return Operand(loss.sum, where) / Operand(maximum({loss.count, where}, {1, where}), where);
}

Loss cross_entropy(Operand logits, Operand targets, CrossEntropyOptions options) {
  const std::vector<Value> outputs = build(Result::sum, logits, targets, options);
  return {outputs[0], outputs[1]};
}

CrossEntropyRows cross_entropy_rows(Operand logits, Operand targets, CrossEntropyOptions options) {
  const std::vector<Value> outputs = build(Result::rows, logits, targets, options);
  return {outputs[0], outputs[1]};
}

Loss mse(Operand output, Operand target, Value weights) {
  require_alike("mse", output, target);
  return weighted("mse", {square({output - target, output.where()}), output.where()}, weights);
}

Loss binary_cross_entropy(Operand logits, Operand targets, Value weights) {
  require_alike("binary_cross_entropy", logits, targets);
  return weighted("binary_cross_entropy",
                  {binary_cross_entropy_elements(logits.value(), targets.value(), logits.where()),
                   logits.where()},
                  weights);
}

}  // namespace abax
