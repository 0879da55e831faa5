// Optimiser updates, the global norm and the clipping scale.
#include "ops/update.h"

#include <array>
#include <cmath>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "ops/attributes.h"
#include "ops/drivers/partition.h"
#include "ops/elementwise.h"
#include "ops/kernels/table.h"
#include "ops/kernels/update.h"

namespace abax {
namespace {

/// The first `tensors` inputs are f32 of one shape, the others f32 scalars.
void check_update(std::string_view op, std::span<const TensorType> inputs, std::size_t tensors) {
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i] != TensorType{i < tensors ? inputs[0].shape : Shape{}, f32}) {
      std::string types;
      for (const TensorType& type : inputs) types += (types.empty() ? "" : ", ") + str_cat(type);
      throw ShapeError(str_cat(op, ": expected parameter, gradient and state f32 of one shape (",
                               tensors, " inputs), then f32 scalars, got ", types));
    }
}

Partition parts_of_type(const TensorType& type) { return {type.size(), part_size}; }

/// Inputs parameter, gradient, velocity (with momentum), learning rate [], gradient scale [];
/// outputs parameter, velocity (with momentum).
class Sgd : public Op {
 public:
  explicit Sgd(const SgdOptions& options) : options_(options) {}
  std::string_view name() const override { return "sgd"; }
  std::string attributes() const override {
    return str_cat("momentum=", exact(options_.momentum), " nesterov=", options_.nesterov,
                   " weight_decay=", exact(options_.weight_decay));
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    if (!(options_.momentum >= 0) || !(options_.weight_decay >= 0) ||
        (options_.nesterov && options_.momentum == 0) ||
        (options_.momentum > 0) != (inputs.size() == 5))
      throw UsageError(
          str_cat("sgd: momentum ", options_.momentum, " and weight decay ", options_.weight_decay,
                  " must not be negative, momentum needs its state (there is ",
                  inputs.size() == 5 ? "one" : "none", "), and nesterov needs momentum"));
    check_update(name(), inputs, inputs.size() - 2);
    if (inputs.size() == 4) return {inputs[0]};
    return {inputs[0], inputs[2]};
  }
  /// Parameter and velocity, between which the gradient stands: each by its successor.
  bool may_overwrite(int output, int input) const override { return input == 2 * output; }
  Kernel compile(const Signature& signature) const override {
    const UpdateKernels* table = kernels(signature.level).update;
    const Partition parts = parts_of_type(signature.inputs[0]);
    const bool velocity = signature.inputs.size() == 5;
    return {[=, options = options_](const Call& call) {
      const SgdStep step = {.gradient_scale = *call.in<float>(velocity ? 4 : 3),
                            .decay = static_cast<float>(options.weight_decay),
                            .momentum = static_cast<float>(options.momentum),
                            .learning_rate = *call.in<float>(velocity ? 3 : 2)};
      call.loop(parts.count(), [&](std::int64_t part) {
        const std::int64_t at = parts.begin(part), count = parts.end(part) - at;
        if (velocity)
          table->sgd_momentum(step, options.nesterov, call.in<float>(0) + at,
                              call.in<float>(1) + at, call.in<float>(2) + at,
                              call.out<float>(0) + at, call.out<float>(1) + at, count);
        else
          table->sgd(step, call.in<float>(0) + at, call.in<float>(1) + at, call.out<float>(0) + at,
                     count);
      });
    }};
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    cost.flops = 6.0 * static_cast<double>(inputs[0].size());
    return cost;
  }

 private:
  SgdOptions options_;
};

/// Inputs parameter, gradient, first and second moment, learning rate [], step [], gradient scale
/// []; outputs parameter and both moments.
class Adam : public Op {
 public:
  Adam(const AdamOptions& options, bool decoupled) : options_(options), decoupled_(decoupled) {}
  std::string_view name() const override { return decoupled_ ? "adamw" : "adam"; }
  std::string attributes() const override {
    return str_cat("beta1=", exact(options_.beta1), " beta2=", exact(options_.beta2),
                   " epsilon=", exact(options_.epsilon),
                   " weight_decay=", exact(options_.weight_decay));
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const auto fraction = [](double x) { return x >= 0 && x < 1; };
    if (!fraction(options_.beta1) || !fraction(options_.beta2) || !(options_.epsilon > 0) ||
        !(options_.weight_decay >= 0))
      throw UsageError(str_cat(name(), ": betas ", options_.beta1, " and ", options_.beta2,
                               " must be in [0, 1), epsilon ", options_.epsilon,
                               " above 0, weight decay ", options_.weight_decay, " not negative"));
    check_update(name(), inputs, 4);
    return {inputs[0], inputs[0], inputs[0]};
  }
  /// Parameter and moments, between which the gradient stands: each by its successor.
  bool may_overwrite(int output, int input) const override {
    return input == (output == 0 ? 0 : output + 1);
  }
  Kernel compile(const Signature& signature) const override {
    const auto kernel = kernels(signature.level).update->adam;
    const Partition parts = parts_of_type(signature.inputs[0]);
    return {[=, this_step = *this](const Call& call) {
      const AdamStep step =
          this_step.constants(*call.in<float>(4), *call.in<float>(5), *call.in<float>(6));
      call.loop(parts.count(), [&](std::int64_t part) {
        const std::int64_t at = parts.begin(part);
        kernel(step, call.in<float>(0) + at, call.in<float>(1) + at, call.in<float>(2) + at,
               call.in<float>(3) + at, call.out<float>(0) + at, call.out<float>(1) + at,
               call.out<float>(2) + at, parts.end(part) - at);
      });
    }};
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    cost.flops = 14.0 * static_cast<double>(inputs[0].size());
    return cost;
  }

 private:
  /// In double, as PyTorch does, then rounded once.
  AdamStep constants(double learning_rate, double step, double gradient_scale) const {
    const auto& [beta1, beta2, epsilon, decay] = options_;
    const auto f = [](double x) { return static_cast<float>(x); };
    return {.gradient_scale = f(gradient_scale),
            .l2 = f(decoupled_ ? 0 : decay),
            .keep = f(decoupled_ ? 1 - learning_rate * decay : 1),
            .beta1_rest = f(1 - beta1),
            .beta2 = f(beta2),
            .beta2_rest = f(1 - beta2),
            .rate = f(learning_rate / (1 - std::pow(beta1, step))),
            .inverse_root = f(1 / std::sqrt(1 - std::pow(beta2, step))),
            .epsilon = f(epsilon)};
  }

  AdamOptions options_;
  bool decoupled_;
};

/// Inputs of any f32 types; output [].
class GlobalNorm : public Op {
 public:
  std::string_view name() const override { return "global_norm"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    for (const TensorType& type : inputs)
      if (type.dtype != f32) throw ShapeError(str_cat("global_norm: expected f32, got ", type));
    return {{{}, f32}};
  }
  Kernel compile(const Signature& signature) const override {
    struct Part {
      int input;
      std::int64_t begin, count;
    };
    std::vector<Part> all;
    for (std::size_t i = 0; i < signature.inputs.size(); ++i) {
      const Partition parts = parts_of_type(signature.inputs[i]);
      for (std::int64_t p = 0; p < parts.count(); ++p)
        all.push_back({static_cast<int>(i), parts.begin(p), parts.end(p) - parts.begin(p)});
    }
    const std::size_t scratch = all.size() * sizeof(double);
    const auto kernel = kernels(signature.level).update->sum_squares;
    const auto run = [all = std::move(all), kernel](const Call& call) {
      auto* sums = reinterpret_cast<double*>(call.scratch);  // one a part
      call.loop(static_cast<std::int64_t>(all.size()), [&](std::int64_t i) {
        const Part& part = all[static_cast<std::size_t>(i)];
        sums[i] = kernel(call.in<float>(part.input) + part.begin, part.count);
      });
      double total = 0;
      for (std::size_t i = 0; i < all.size(); ++i) total += sums[i];
      *call.out<float>(0) = static_cast<float>(std::sqrt(total));
    };
    return {run, scratch};
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    for (const TensorType& type : inputs) cost.flops += 2.0 * static_cast<double>(type.size());
    return cost;
  }
};

AdamState adam(const AdamState& state, Operand gradient, const UpdateScalars& scalars,
               const AdamOptions& options, bool decoupled) {
  const std::array inputs = {state.parameter,       gradient.value(),      state.first,
                             state.second,          scalars.learning_rate, scalars.step,
                             scalars.gradient_scale};
  Graph& graph = Operand(state.parameter, gradient.where()).value().graph();
  const std::vector<Value> outputs =
      graph.add(std::make_shared<Adam>(options, decoupled), inputs, gradient.where());
  return {outputs[0], outputs[1], outputs[2]};
}

/// Saved state of the parameter's optimiser: "optimiser/<parameter>/<name>", zeros at first.
Value optimiser_state(Value parameter, std::string_view name, SourceLocation where) {
  Graph& graph = parameter.graph();
  const auto scope = graph.scope_at("optimiser/" + graph.variable(parameter, where).name);
  return graph.saved_state(name, parameter.type(), init::zeros(), where);
}

void update_adam(Value parameter, Operand gradient, const UpdateScalars& scalars,
                 AdamOptions options, bool decoupled) {
  const auto where = gradient.where();
  Graph& graph = Operand(parameter, where).value().graph();
  if (!graph.variable(parameter, where).decay) options.weight_decay = 0;
  const AdamState state = {parameter, optimiser_state(parameter, "first_moment", where),
                           optimiser_state(parameter, "second_moment", where)};
  const AdamState next = adam(state, gradient, scalars, options, decoupled);
  graph.assign(state.parameter, next.parameter, where);
  graph.assign(state.first, next.first, where);
  graph.assign(state.second, next.second, where);
}

}  // namespace

SgdState sgd(const SgdState& state, Operand gradient, const UpdateScalars& scalars,
             const SgdOptions& options) {
  std::vector<Value> inputs = {state.parameter, gradient.value()};
  if (state.momentum) inputs.push_back(state.momentum);
  inputs.insert(inputs.end(), {scalars.learning_rate, scalars.gradient_scale});
  Graph& graph = Operand(state.parameter, gradient.where()).value().graph();
  const std::vector<Value> outputs =
      graph.add(std::make_shared<Sgd>(options), inputs, gradient.where());
  return {outputs[0], outputs.size() > 1 ? outputs[1] : Value{}};
}

AdamState adam(const AdamState& state, Operand gradient, const UpdateScalars& scalars,
               const AdamOptions& options) {
  return adam(state, gradient, scalars, options, false);
}

AdamState adamw(const AdamState& state, Operand gradient, const UpdateScalars& scalars,
                const AdamOptions& options) {
  return adam(state, gradient, scalars, options, true);
}

void update_sgd(Value parameter, Operand gradient, const UpdateScalars& scalars,
                const SgdOptions& options) {
  const auto where = gradient.where();
  Graph& graph = Operand(parameter, where).value().graph();
  SgdOptions chosen = options;
  if (!graph.variable(parameter, where).decay) chosen.weight_decay = 0;
  SgdState state = {parameter, {}};
  if (chosen.momentum > 0) state.momentum = optimiser_state(parameter, "velocity", where);
  const SgdState next = sgd(state, gradient, scalars, chosen);
  graph.assign(state.parameter, next.parameter, where);
  if (state.momentum) graph.assign(state.momentum, next.momentum, where);
}

void update_adam(Value parameter, Operand gradient, const UpdateScalars& scalars,
                 const AdamOptions& options) {
  update_adam(parameter, gradient, scalars, options, false);
}

void update_adamw(Value parameter, Operand gradient, const UpdateScalars& scalars,
                  const AdamOptions& options) {
  update_adam(parameter, gradient, scalars, options, true);
}

Value global_norm(std::span<const Value> values, SourceLocation where) {
  if (values.empty())
    throw UsageError(str_cat("global_norm: of no values\n  at ", place_of(where)));
  Graph& graph = Operand(values[0], where).value().graph();
  return graph.add(std::make_shared<GlobalNorm>(), values, where)[0];
}

Clipping clip_by_global_norm(std::span<const Value> gradients, Operand limit) {
  const auto where = limit.where();
  const Value norm = global_norm(gradients, where);
  const Value ratio = limit / Operand(Operand(norm, where) + Operand(1e-6f, where), where);
  return {norm, minimum({ratio, where}, {1, where})};
}

}  // namespace abax
