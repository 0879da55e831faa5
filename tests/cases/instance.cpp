// Fills arguments, builds graphs of cases, and sums their outputs with random weights.
#include "tests/cases/instance.h"

#include <algorithm>
#include <cmath>

#include "core/base/random.h"
#include "core/graph/gradients.h"
#include "core/plan/plan.h"

namespace abax::cases {
namespace {

/// The sum over all i of y[i] * w[i]: inputs are y[0], ..., then w[0], ..., the output is one
/// number. An op of the tests' own, so that the gradient check of an op rests on no other op.
class WeightedSum : public Op {
 public:
  std::string_view name() const override { return "weighted_sum"; }
  std::vector<TensorType> infer(std::span<const TensorType>) const override {
    return {TensorType{Shape{}, f32}};
  }
  Kernel compile(const Signature& signature) const override {
    std::vector<std::int64_t> sizes;
    for (std::size_t i = 0; i < signature.inputs.size() / 2; ++i)
      sizes.push_back(signature.inputs[i].size());
    return {[sizes](const Call& call) {
              const int count = static_cast<int>(sizes.size());
              double sum = 0;
              for (int i = 0; i < count; ++i)
                for (std::int64_t j = 0; j < sizes[static_cast<std::size_t>(i)]; ++j)
                  sum += static_cast<double>(call.in<float>(i)[j]) * call.in<float>(count + i)[j];
              *call.out<float>(0) = static_cast<float>(sum);
            },
            0};
  }
  /// It is the loss itself, so that the gradient that comes in is 1.
  std::vector<Value> vjp(const Vjp& vjp) const override {
    const std::size_t count = vjp.inputs.size() / 2;
    std::vector<Value> result(vjp.inputs.begin() + static_cast<std::ptrdiff_t>(count),
                              vjp.inputs.end());
    result.resize(2 * count);
    return result;
  }
};

/// A copy, which no pass takes away.
class Copy : public Op {
 public:
  std::string_view name() const override { return "copy"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  Kernel compile(const Signature& signature) const override {
    return {[bytes = signature.inputs[0].bytes()](const Call& call) {
      std::copy_n(call.in<std::byte>(0), bytes, call.out<std::byte>(0));
    }};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override { return {vjp.gradients[0]}; }
};

std::string argument_name(std::size_t i) { return str_cat("argument", i); }
std::string weight_name(std::size_t i) { return str_cat("weight", i); }

}  // namespace

Tensor fill(const Argument& argument, std::uint64_t key) {
  Tensor result(argument.shape, argument.dtype);
  Random random(key);
  const auto next = [&](std::size_t i) {
    if (!argument.values.empty()) return argument.values.at(i);
    const double x = argument.low + (argument.high - argument.low) * random.uniform();
    return argument.dtype == f32 ? x : std::floor(x);
  };
  const auto fill_as = [&]<class T>(std::span<T> elements) {
    for (std::size_t i = 0; i < elements.size(); ++i) elements[i] = static_cast<T>(next(i));
  };
  if (argument.dtype == f32) fill_as(result.as<float>());
  if (argument.dtype == i32) fill_as(result.as<std::int32_t>());
  if (argument.dtype == u8) fill_as(result.as<std::uint8_t>());
  return result;
}

Instance::Instance(const Case& row, bool with_gradients, Arguments arguments) {
  std::vector<Value> inputs, given;
  for (std::size_t i = 0; i < row.arguments.size(); ++i) {
    const Argument& argument = row.arguments[i];
    arguments_.push_back(fill(argument, stream_key(1, row.name, argument_name(i))));
    inputs.push_back(graph_.input(argument_name(i), argument.shape, argument.dtype));
  }
  for (const Value& input : inputs)
    given.push_back(
        arguments == Arguments::input
            ? input
            : graph_.add_one(std::make_shared<Copy>(), {input}, SourceLocation::current()));
  outputs_ = row.build(given);
  if (!with_gradients) return;

  std::vector<Value> sums, weights;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const bool counts = outputs_[i].dtype() == f32;
    weights_.push_back(counts ? fill({outputs_[i].shape()}, stream_key(2, row.name, weight_name(i)))
                              : Tensor());
    if (!counts) continue;
    sums.push_back(outputs_[i]);
    weights.push_back(graph_.input(weight_name(i), outputs_[i].shape()));
  }
  sums.insert(sums.end(), weights.begin(), weights.end());
  const Value loss =
      graph_.add(std::make_shared<WeightedSum>(), sums, SourceLocation::current())[0];
  std::vector<Value> wrt;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (row.arguments[i].dtype == f32 && row.arguments[i].differentiable) wrt.push_back(inputs[i]);
  const std::vector<Value> found = abax::gradients(loss, wrt);
  gradients_.resize(inputs.size());
  for (std::size_t i = 0, next = 0; i < inputs.size(); ++i)
    if (row.arguments[i].dtype == f32 && row.arguments[i].differentiable)
      gradients_[i] = found[next++];
}

std::vector<Value> Instance::results() const {
  std::vector<Value> all = outputs_;
  for (const Value& gradient : gradients_)
    if (gradient) all.push_back(gradient);
  return all;
}

std::shared_ptr<const Plan> Instance::plan(const CompileOptions& options) const {
  return compile(graph_, results(), options);
}

void Instance::bind(Execution& execution) const {
  // Weights that no gradient depends on are not inputs of the plan.
  const auto set = [&](const std::string& name, const Tensor& tensor) {
    for (const auto& input : execution.plan().program.inputs)
      if (input.name == name) execution.set(name, tensor);
  };
  for (std::size_t i = 0; i < arguments_.size(); ++i) set(argument_name(i), arguments_[i]);
  for (std::size_t i = 0; i < weights_.size(); ++i) set(weight_name(i), weights_[i]);
}

}  // namespace abax::cases
