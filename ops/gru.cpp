// The GRU over whole sequences: the op of all its steps, the op of their gradients, and their
// packs.
#include <algorithm>
#include <vector>

#include "core/graph/sum.h"
#include "ops/drivers/recurrent_parts.h"
#include "ops/elementwise.h"
#include "ops/kernels/gru.h"
#include "ops/kernels/table.h"
#include "ops/matmul.h"
#include "ops/recurrent.h"
#include "ops/shape.h"

namespace abax {
namespace {

UnitBlocks blocks_of(std::int64_t batch, std::int64_t hidden, bool forward,
                     const GruKernels* kernels) {
  return {3, batch, hidden, kernels->units, forward ? 3 : 1};
}

/// Input weight [hidden, 3 hidden]; output packed floats.
class GruPack : public Op {
 public:
  explicit GruPack(bool forward) : forward_(forward) {}
  std::string_view name() const override { return forward_ ? "gru_pack" : "gru_pack_back"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {{Shape{packed_weights(3, inputs[0].shape[0])}, f32}};
  }
  Kernel compile(const Signature& signature) const override {
    const GruKernels* table = kernels(signature.level).gru;
    const auto pack = forward_ ? table->pack_forward : table->pack_backward;
    const UnitBlocks blocks = blocks_of(1, signature.inputs[0].shape[0], forward_, table);
    return {[blocks, pack](const Call& call) {
      blocks.pack(call, pack, call.in<float>(0), call.out<float>(0));
    }};
  }

 private:
  bool forward_;
};

/// Inputs recurrent weight [hidden, 3 hidden] or packed, h0 [batch, hidden], gates [time, batch,
/// 4 hidden], y [time, batch, hidden], then what there is of dy [time, batch, hidden], dh [batch,
/// hidden], lengths [batch]; outputs dpre and dproduct [time, batch, 3 hidden] and dh0 [batch,
/// hidden].
class GruStepsGradient : public Op {
 public:
  struct Parts {
    bool dy, dh, lengths;  // inputs that there are
  };
  GruStepsGradient(Parts parts, bool packed) : parts_(parts), packed_(packed) {}

  std::string_view name() const override { return "gru_steps_gradient"; }
  std::string attributes() const override {
    return str_cat("dy=", parts_.dy, " dh=", parts_.dh, " lengths=", parts_.lengths,
                   " packed=", packed_);
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const Shape& y = inputs[3].shape;
    const TensorType sums{y.with(2, 3 * y[2]), f32};
    return {sums, sums, inputs[1]};
  }
  std::optional<Packing> packing(int input, std::span<const TensorType>) const override {
    if (packed_ || input != 0) return std::nullopt;
    return Packing{std::make_shared<GruPack>(false),
                   std::make_shared<GruStepsGradient>(parts_, true)};
  }
  Kernel compile(const Signature& signature) const override;
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    const auto cells = static_cast<double>(inputs[3].size());
    cost.flops = cells * (6.0 * static_cast<double>(inputs[3].shape.at(-1)) + 20);
    return cost;
  }

 private:
  Parts parts_;
  bool packed_;
};

Kernel GruStepsGradient::compile(const Signature& signature) const {
  const Shape y = signature.inputs[3].shape;
  const std::int64_t time = y[0], batch = y[1], hidden = y[2], state = batch * hidden;
  const GruKernels* table = kernels(signature.level).gru;
  const UnitBlocks blocks = blocks_of(batch, hidden, false, table);
  // Scratch: what flows from step to step, the products of the parts, packed weights.
  const std::int64_t products = round_up(state, 16);
  const std::int64_t weights = products + blocks.parts() * blocks.product();
  const std::int64_t floats = weights + (packed_ ? 0 : packed_weights(3, hidden));

  const auto run = [=, parts = parts_, packed = packed_, name = signature.name](const Call& call) {
    auto* scratch = reinterpret_cast<float*>(call.scratch);
    int input = 4;
    const float* dy = parts.dy ? call.in<float>(input++) : nullptr;
    GruBackStep step = {};
    step.batch = batch, step.hidden = hidden, step.time = time;
    step.dlast_h = parts.dh ? call.in<float>(input++) : nullptr;
    step.lengths = parts.lengths ? call.in<std::int32_t>(input++) : nullptr;
    check_lengths(step.lengths, batch, time, name);
    step.weight = call.in<float>(0);
    if (!packed) {
      blocks.pack(call, table->pack_backward, step.weight, scratch + weights);
      step.weight = scratch + weights;
    }
    step.carry = scratch;
    const auto product = [&](std::int64_t part) {
      return scratch + products + part * blocks.product();
    };
    for (step.t = time - 1; step.t >= 0; --step.t) {
      const std::int64_t at = step.t * state;
      step.gates = call.in<float>(2) + 4 * at;
      step.h = step.t > 0 ? call.in<float>(3) + at - state : call.in<float>(1);
      step.dy = dy ? dy + at : nullptr;
      step.dpre = call.out<float>(0) + 3 * at;
      step.dproduct = call.out<float>(1) + 3 * at;
      call.loop(blocks.parts(), [&](std::int64_t part) {
        table->back_step(step, blocks.begin(part), blocks.end(part), product(part));
      });
      step.next = step.dproduct;
    }
    call.loop(blocks.parts(), [&](std::int64_t part) {
      table->back_start(step, blocks.begin(part), blocks.end(part), product(part),
                        call.out<float>(2));
    });
  };
  return {run, static_cast<std::size_t>(floats) * sizeof(float)};
}

/// Inputs pre [time, batch, 3 hidden], recurrent weight [hidden, 3 hidden] or packed, recurrent
/// bias [hidden], h0 [batch, hidden], perhaps lengths [batch]; outputs y [time, batch, hidden], hT
/// [batch, hidden], gates [time, batch, 4 hidden].
class GruSteps : public Op {
 public:
  explicit GruSteps(bool packed) : packed_(packed) {}
  std::string_view name() const override { return "gru_steps"; }
  std::string attributes() const override { return str_cat("packed=", packed_); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::optional<Packing> packing(int input, std::span<const TensorType>) const override {
    if (packed_ || input != 1) return std::nullopt;
    return Packing{std::make_shared<GruPack>(true), std::make_shared<GruSteps>(true)};
  }
  Kernel compile(const Signature& signature) const override;
  std::vector<Value> vjp(const Vjp& vjp) const override;
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    const auto cells = static_cast<double>(outputs[0].size());
    cost.flops = cells * (6.0 * static_cast<double>(inputs[3].shape.at(-1)) + 20);
    return cost;
  }

 private:
  bool packed_;
};

std::vector<TensorType> GruSteps::infer(std::span<const TensorType> inputs) const {
  const Shape &pre = inputs[0].shape, &start = inputs[3].shape;
  const bool known = pre.rank() == 3 && start.rank() == 2;
  const std::int64_t time = known ? pre[0] : 0, batch = known ? pre[1] : 0;
  const std::int64_t hidden = known ? start[1] : 0;
  const TensorType state{{batch, hidden}, f32}, bias{{hidden}, f32};
  const TensorType sums{{time, batch, 3 * hidden}, f32};
  const TensorType weight = packed_ ? inputs[1] : TensorType{{hidden, 3 * hidden}, f32};
  const bool lengths = inputs.size() < 5 || inputs[4] == TensorType{{batch}, i32};
  if (!known || inputs[0] != sums || inputs[1] != weight || inputs[2] != bias ||
      inputs[3] != state || !lengths)
    throw ShapeError(str_cat(
        "gru: expected x W + b f32[time, batch, 3 * hidden], recurrent weight f32[hidden, 3 * "
        "hidden], recurrent bias f32[hidden], h f32[batch, hidden] (and lengths i32[batch]), "
        "got ",
        inputs[0], ", ", inputs[1], ", ", inputs[2], " and ", inputs[3],
        inputs.size() > 4 ? str_cat(" and ", inputs[4]) : ""));
  return {{{time, batch, hidden}, f32}, state, {{time, batch, 4 * hidden}, f32}};
}

Kernel GruSteps::compile(const Signature& signature) const {
  const Shape y = signature.outputs[0].shape;
  const std::int64_t time = y[0], batch = y[1], hidden = y[2], state = batch * hidden;
  const GruKernels* table = kernels(signature.level).gru;
  const UnitBlocks blocks = blocks_of(batch, hidden, true, table);
  // Scratch: the products of the parts, packed weights.
  const std::int64_t weights = blocks.parts() * blocks.product();
  const std::int64_t floats = weights + (packed_ ? 0 : packed_weights(3, hidden));
  const bool with_lengths = signature.inputs.size() > 4;

  const auto run = [=, packed = packed_, name = signature.name](const Call& call) {
    auto* scratch = reinterpret_cast<float*>(call.scratch);
    const float* h0 = call.in<float>(3);
    GruStep step = {};
    step.batch = batch, step.hidden = hidden, step.time = time;
    step.lengths = with_lengths ? call.in<std::int32_t>(4) : nullptr;
    check_lengths(step.lengths, batch, time, name);
    step.weight = call.in<float>(1);
    if (!packed) {
      blocks.pack(call, table->pack_forward, step.weight, scratch + weights);
      step.weight = scratch + weights;
    }
    step.bias = call.in<float>(2);
    step.last_h = call.out<float>(1);
    for (std::int64_t row = 0; row < batch; ++row)
      if ((step.lengths ? step.lengths[row] : time) == 0)
        std::copy_n(h0 + row * hidden, hidden, step.last_h + row * hidden);
    for (step.t = 0; step.t < time; ++step.t) {
      const std::int64_t at = step.t * state;
      step.pre = call.in<float>(0) + 3 * at;
      step.h = step.t > 0 ? call.out<float>(0) + at - state : h0;
      step.gates = call.out<float>(2) + 4 * at;
      step.y = call.out<float>(0) + at;
      call.loop(blocks.parts(), [&](std::int64_t part) {
        table->step(step, blocks.begin(part), blocks.end(part), scratch + part * blocks.product());
      });
    }
  };
  return {run, static_cast<std::size_t>(floats) * sizeof(float)};
}

std::vector<Value> GruSteps::vjp(const Vjp& vjp) const {
  if (vjp.gradients[2])
    throw UsageError("op 'gru_steps' has no gradient for its output 2 (the gates)");
  Graph& graph = vjp.outputs[0].graph();
  const auto where = graph.node(vjp.outputs[0].node()).where;
  const Value y = vjp.outputs[0], weight = vjp.inputs[1], h0 = vjp.inputs[3];
  std::vector<Value> inputs = {weight, h0, vjp.outputs[2], y};
  for (const Value& gradient : {vjp.gradients[0], vjp.gradients[1]})
    if (gradient) inputs.push_back(gradient);
  const bool lengths = vjp.inputs.size() > 4;
  if (lengths) inputs.push_back(vjp.inputs[4]);
  const GruStepsGradient::Parts parts = {static_cast<bool>(vjp.gradients[0]),
                                         static_cast<bool>(vjp.gradients[1]), lengths};
  const std::vector<Value> outputs =
      graph.add(std::make_shared<GruStepsGradient>(parts, false), inputs, where);
  const Operand dproduct(outputs[1], where);
  std::vector<Value> result(vjp.inputs.size());
  result[0] = outputs[0];
  result[3] = outputs[2];
  const std::int64_t time = y.shape()[0], batch = y.shape()[1], hidden = y.shape()[2];
  if (vjp.wanted[2])
    result[2] = slice({sum_to(dproduct, {3 * hidden}), where}, 0, 2 * hidden, 3 * hidden);
  if (vjp.wanted[1] && time > 0) {
    // The state before each step, transposed, times dproduct: one product over all steps but the
    // first, whose state is h0. Beyond a row's length dproduct is zero, so that what y holds there
    // is no matter.
    const Value rows = reshape(dproduct, {time * batch, 3 * hidden});
    const Value before = reshape({y, where}, {time * batch, hidden});
    std::vector<Value> products = {
        matmul({h0, where}, {slice({rows, where}, 0, 0, batch), where}, {.transpose_a = true})};
    if (time > 1)
      products.push_back(matmul({slice({before, where}, 0, 0, (time - 1) * batch), where},
                                {slice({rows, where}, 0, batch, time * batch), where},
                                {.transpose_a = true}));
    result[1] = add_n(products, where);
  }
  return result;
}

}  // namespace

GruSequence gru(Operand x, Value h0, const GruWeights& weights, Value lengths) {
  const auto where = x.where();
  const Value products = matmul(x, {weights.input, where});  // [time, batch, 3 hidden]
  const Value pre = Operand(products, where) + Operand(weights.bias, where);
  std::vector<Value> inputs = {pre, weights.recurrent, weights.recurrent_bias, h0};
  if (lengths) inputs.push_back(lengths);
  const std::vector<Value> outputs =
      pre.graph().add(std::make_shared<GruSteps>(false), inputs, where);
  return {outputs[0], outputs[1]};
}

}  // namespace abax
