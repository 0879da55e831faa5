// Cross-entropy with an ignored target, fused with softmax, and its gradient op.
#include "ops/loss.h"

#include <array>

#include "core/base/error.h"
#include "core/base/text.h"
#include "ops/attributes.h"
#include "ops/drivers/partition.h"
#include "ops/elementwise.h"
#include "ops/kernels/loss.h"
#include "ops/kernels/table.h"

namespace abax {
namespace {

std::int64_t classes_of(const TensorType& logits) { return logits.shape.at(-1); }
std::int64_t rows_of(const TensorType& logits) {
  return logits.shape.size(0, logits.shape.rank() - 1);
}

std::string attributes_of(const CrossEntropyOptions& options) {
  return str_cat("ignored=", options.ignored, " smoothing=", exact(double{options.smoothing}));
}

/// Inputs logits [.., classes], targets [..], log-sums [..], the gradient of the sum []; output
/// dlogits [.., classes].
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
    const auto kernel = kernels(signature.level).loss->cross_entropy_gradient;
    return {[=, options = options_](const Call& call) {
      const float gradient = *call.in<float>(3);
      call.loop(rows.count(), [&](std::int64_t part) {
        const std::int64_t begin = rows.begin(part), at = begin * classes;
        kernel(call.in<float>(0) + at, call.in<std::int32_t>(1) + begin, options.ignored,
               options.smoothing, call.in<float>(2) + begin, gradient, call.out<float>(0) + at,
               rows.end(part) - begin, classes);
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

/// Inputs logits [.., classes], targets [..]; outputs sum [], count [], log-sums [..].
class CrossEntropy : public Op {
 public:
  explicit CrossEntropy(CrossEntropyOptions options) : options_(options) {}
  std::string_view name() const override { return "cross_entropy"; }
  std::string attributes() const override { return attributes_of(options_); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType &logits = inputs[0], &targets = inputs[1];
    if (logits.dtype != f32 || logits.shape.rank() == 0 || targets.dtype != i32 ||
        classes_of(logits) == 0 || targets.shape != logits.shape.without(-1))
      throw ShapeError(
          str_cat("cross_entropy: expected logits f32[.., classes] with classes > 0 and "
                  "targets i32[..], got ",
                  logits, " and ", targets));
    if (!(options_.smoothing >= 0 && options_.smoothing <= 1))
      throw UsageError(
          str_cat("cross_entropy: a smoothing in [0, 1] expected, got ", options_.smoothing));
    return {{{}, f32}, {{}, f32}, {targets.shape, f32}};
  }
  Kernel compile(const Signature& signature) const override {
    const std::int64_t classes = classes_of(signature.inputs[0]);
    const Partition rows = partition_rows(rows_of(signature.inputs[0]), classes);
    const auto kernel = kernels(signature.level).loss->cross_entropy;
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
      auto* sums = reinterpret_cast<double*>(call.scratch);  // one a part
      call.loop(rows.count(), [&](std::int64_t part) {
        const std::int64_t begin = rows.begin(part);
        sums[part] =
            kernel(call.in<float>(0) + begin * classes, targets + begin, options.ignored,
                   options.smoothing, call.out<float>(2) + begin, rows.end(part) - begin, classes);
      });
      double sum = 0;
      for (std::int64_t part = 0; part < rows.count(); ++part) sum += sums[part];
      *call.out<float>(0) = static_cast<float>(sum);
      *call.out<float>(1) = static_cast<float>(counted);
    };
    return {run, static_cast<std::size_t>(rows.count()) * sizeof(double)};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    if (vjp.gradients[2])
      throw UsageError("op 'cross_entropy' has no gradient for its output 2 (the log-sums)");
    if (!vjp.gradients[0]) return {{}, {}};  // the count depends on no logit
    Graph& graph = vjp.outputs[0].graph();
    return {graph.add_one(std::make_shared<CrossEntropyGradient>(options_),
                          {vjp.inputs[0], vjp.inputs[1], vjp.outputs[2], vjp.gradients[0]},
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
  CrossEntropyOptions options_;
};

}  // namespace

Value mean(const Loss& loss, SourceLocation where) {
  return Operand(loss.sum, where) / Operand(maximum({loss.count, where}, {1, where}), where);
}

Loss cross_entropy(Operand logits, Operand targets, CrossEntropyOptions options) {
  const Value value = logits.value();
  const std::vector<Value> outputs = value.graph().add(
      std::make_shared<CrossEntropy>(options), std::array{value, targets.value()}, logits.where());
  return {outputs[0], outputs[1]};
}

}  // namespace abax
