// The LSTM over whole sequences: the op of all its steps, the op of their gradients, and their
// packs.
#include "ops/recurrent.h"

#include <algorithm>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/sum.h"
#include "ops/drivers/recurrent_parts.h"
#include "ops/elementwise.h"
#include "ops/kernels/recurrent.h"
#include "ops/kernels/table.h"
#include "ops/matmul.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// Rows a multiple of 4 KiB apart would fall into the same sets of the first-level cache: the
/// matrix product then reads a copy whose rows are a cache line further apart. Zero where it needs
/// none.
std::int64_t copy_stride(std::int64_t row) { return row % 1024 == 0 ? row + 16 : 0; }

UnitBlocks blocks_of(std::int64_t batch, std::int64_t hidden, bool forward,
                     const RecurrentKernels* kernels) {
  return {4, batch, hidden, forward ? kernels->forward_units : kernels->backward_units,
          forward ? 4 : 1};
}

/// Input weight [hidden, 4 hidden]; output packed floats.
class LstmPack : public Op {
 public:
  explicit LstmPack(bool forward) : forward_(forward) {}
  std::string_view name() const override { return forward_ ? "lstm_pack" : "lstm_pack_back"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {{Shape{packed_weights(4, inputs[0].shape[0])}, f32}};
  }
  Kernel compile(const Signature& signature) const override {
    const RecurrentKernels* table = kernels(signature.level).recurrent;
    const auto pack = forward_ ? table->pack_forward : table->pack_backward;
    const UnitBlocks blocks = blocks_of(1, signature.inputs[0].shape[0], forward_, table);
    return {[blocks, pack](const Call& call) {
      blocks.pack(call, pack, call.in<float>(0), call.out<float>(0));
    }};
  }

 private:
  bool forward_;
};

/// Inputs recurrent weight [hidden, 4 hidden] or packed, c0 [batch, hidden], gates [time, batch,
/// 4 hidden], cells [time, batch, hidden], then what there is of dy [time, batch, hidden], dh and
/// dc [batch, hidden], lengths [batch]; outputs dpre [time, batch, 4 hidden] and, where wanted, dh0
/// and dc0 [batch, hidden].
class LstmStepsGradient : public Op {
 public:
  struct Parts {
    bool dy, dh, dc, lengths;  // inputs that there are
    bool start;                // whether dh0 and dc0 are wanted
  };
  LstmStepsGradient(Parts parts, bool packed) : parts_(parts), packed_(packed) {}

  std::string_view name() const override { return "lstm_steps_gradient"; }
  std::string attributes() const override {
    return str_cat("dy=", parts_.dy, " dh=", parts_.dh, " dc=", parts_.dc,
                   " lengths=", parts_.lengths, " start=", parts_.start, " packed=", packed_);
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    if (!parts_.start) return {inputs[2]};
    return {inputs[2], inputs[1], inputs[1]};
  }
  bool may_overwrite(int output, int input) const override { return output == 0 && input == 2; }
  std::optional<Packing> packing(int input, std::span<const TensorType>) const override {
    if (packed_ || input != 0) return std::nullopt;
    return Packing{std::make_shared<LstmPack>(false),
                   std::make_shared<LstmStepsGradient>(parts_, true)};
  }
  Kernel compile(const Signature& signature) const override;
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    const auto cells = static_cast<double>(inputs[3].size());
    cost.flops = cells * (8.0 * static_cast<double>(inputs[3].shape.at(-1)) + 40);
    return cost;
  }

 private:
  Parts parts_;
  bool packed_;
};

Kernel LstmStepsGradient::compile(const Signature& signature) const {
  const Shape cells = signature.inputs[3].shape;
  const std::int64_t time = cells[0], batch = cells[1], hidden = cells[2], state = batch * hidden;
  const RecurrentKernels* table = kernels(signature.level).recurrent;
  const UnitBlocks blocks = blocks_of(batch, hidden, false, table);
  const std::int64_t stride = copy_stride(4 * hidden);
  // Scratch: dc, the products of the parts, two steps of dpre at another stride, packed weights.
  const std::int64_t products = round_up(state, 16);
  const std::int64_t copies = products + blocks.parts() * blocks.product();
  const std::int64_t weights = copies + round_up(2 * batch * stride, 16);
  const std::int64_t floats = weights + (packed_ ? 0 : packed_weights(4, hidden));

  const auto run = [=, parts = parts_, packed = packed_, name = signature.name](const Call& call) {
    auto* scratch = reinterpret_cast<float*>(call.scratch);
    int input = 4;
    const float* dy = parts.dy ? call.in<float>(input++) : nullptr;
    const float* dh = parts.dh ? call.in<float>(input++) : nullptr;
    const float* dc = parts.dc ? call.in<float>(input++) : nullptr;
    const auto* lengths = parts.lengths ? call.in<std::int32_t>(input++) : nullptr;
    check_lengths(lengths, batch, time, name);
    const float* weight = call.in<float>(0);
    if (!packed) {
      blocks.pack(call, table->pack_backward, weight, scratch + weights);
      weight = scratch + weights;
    }
    float* dpre = call.out<float>(0);
    const float* next = nullptr;
    const auto at_step = [&](std::int64_t t) {
      const float* cell = call.in<float>(3);
      LstmBackStep step = {};
      step.batch = batch, step.hidden = hidden, step.t = t, step.time = time;
      step.lengths = lengths;
      step.weight = weight;
      step.next = next;
      step.next_stride = stride ? stride : 4 * hidden;
      step.dlast_h = dh;
      step.dlast_c = dc;
      step.dc = scratch;
      if (t < 0) return step;
      step.gates = call.in<float>(2) + t * 4 * state;
      step.c = t > 0 ? cell + (t - 1) * state : call.in<float>(1);
      step.cells = cell + t * state;
      step.dy = dy ? dy + t * state : nullptr;
      step.dpre = dpre + t * 4 * state;
      step.dpre_copy = stride ? scratch + copies + t % 2 * batch * stride : nullptr;
      step.copy_stride = stride;
      return step;
    };
    const auto product = [&](std::int64_t part) {
      return scratch + products + part * blocks.product();
    };
    for (std::int64_t t = time - 1; t >= 0; --t) {
      const LstmBackStep step = at_step(t);
      call.loop(blocks.parts(), [&](std::int64_t part) {
        table->back_step(step, blocks.begin(part), blocks.end(part), product(part));
      });
      next = stride ? step.dpre_copy : step.dpre;
    }
    if (!parts.start) return;
    const LstmBackStep step = at_step(-1);
    call.loop(blocks.parts(), [&](std::int64_t part) {
      table->back_start(step, blocks.begin(part), blocks.end(part), product(part),
                        call.out<float>(1), call.out<float>(2));
    });
  };
  return {run, static_cast<std::size_t>(floats) * sizeof(float)};
}

/// Inputs pre [time, batch, 4 hidden], recurrent weight [hidden, 4 hidden] or packed, h0 and c0
/// [batch, hidden], perhaps lengths [batch]; outputs y [time, batch, hidden], hT and cT [batch,
/// hidden], gates [time, batch, 4 hidden], cells [time, batch, hidden].
class LstmSteps : public Op {
 public:
  explicit LstmSteps(bool packed) : packed_(packed) {}
  std::string_view name() const override { return "lstm_steps"; }
  std::string attributes() const override { return str_cat("packed=", packed_); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  bool may_overwrite(int output, int input) const override { return output == 3 && input == 0; }
  std::optional<Packing> packing(int input, std::span<const TensorType>) const override {
    if (packed_ || input != 1) return std::nullopt;
    return Packing{std::make_shared<LstmPack>(true), std::make_shared<LstmSteps>(true)};
  }
  Kernel compile(const Signature& signature) const override;
  std::vector<Value> vjp(const Vjp& vjp) const override;
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    const auto cells = static_cast<double>(outputs[0].size());
    cost.flops = cells * (8.0 * static_cast<double>(inputs[2].shape.at(-1)) + 30);
    return cost;
  }

 private:
  bool packed_;
};

std::vector<TensorType> LstmSteps::infer(std::span<const TensorType> inputs) const {
  const Shape &pre = inputs[0].shape, &start = inputs[2].shape;
  const bool known = pre.rank() == 3 && start.rank() == 2;
  const std::int64_t time = known ? pre[0] : 0, batch = known ? pre[1] : 0;
  const std::int64_t hidden = known ? start[1] : 0;
  const TensorType state{{batch, hidden}, f32};
  const TensorType gates{{time, batch, 4 * hidden}, f32};
  const TensorType weight = packed_ ? inputs[1] : TensorType{{hidden, 4 * hidden}, f32};
  const bool lengths = inputs.size() < 5 || inputs[4] == TensorType{{batch}, i32};
  if (!known || inputs[0] != gates || inputs[1] != weight || inputs[2] != state ||
      inputs[3] != state || !lengths)
    throw ShapeError(
        str_cat("lstm: expected x W + b f32[time, batch, 4 * hidden], recurrent weight "
                "f32[hidden, 4 * hidden], h and c f32[batch, hidden] (and lengths "
                "i32[batch]), got ",
                inputs[0], ", ", inputs[1], ", ", inputs[2], " and ", inputs[3],
                inputs.size() > 4 ? str_cat(" and ", inputs[4]) : ""));
  const TensorType steps{{time, batch, hidden}, f32};
  return {steps, state, state, gates, steps};
}

Kernel LstmSteps::compile(const Signature& signature) const {
  const Shape y = signature.outputs[0].shape;
  const std::int64_t time = y[0], batch = y[1], hidden = y[2], state = batch * hidden;
  const RecurrentKernels* table = kernels(signature.level).recurrent;
  const UnitBlocks blocks = blocks_of(batch, hidden, true, table);
  const std::int64_t stride = copy_stride(hidden);
  // Scratch: the products of the parts, two steps of h at another stride, packed weights.
  const std::int64_t copies = blocks.parts() * blocks.product();
  const std::int64_t weights = copies + round_up(2 * batch * stride, 16);
  const std::int64_t floats = weights + (packed_ ? 0 : packed_weights(4, hidden));
  const bool with_lengths = signature.inputs.size() > 4;

  const auto run = [=, packed = packed_, name = signature.name](const Call& call) {
    auto* scratch = reinterpret_cast<float*>(call.scratch);
    const auto* lengths = with_lengths ? call.in<std::int32_t>(4) : nullptr;
    check_lengths(lengths, batch, time, name);
    const float* weight = call.in<float>(1);
    if (!packed) {
      blocks.pack(call, table->pack_forward, weight, scratch + weights);
      weight = scratch + weights;
    }
    const float *h0 = call.in<float>(2), *c0 = call.in<float>(3);
    float *last_h = call.out<float>(1), *last_c = call.out<float>(2);
    for (std::int64_t row = 0; row < batch; ++row)
      if ((lengths ? lengths[row] : time) == 0) {
        std::copy_n(h0 + row * hidden, hidden, last_h + row * hidden);
        std::copy_n(c0 + row * hidden, hidden, last_c + row * hidden);
      }
    LstmStep step = {};
    step.batch = batch, step.hidden = hidden, step.time = time;
    step.lengths = lengths;
    step.weight = weight;
    step.copy_stride = stride;
    step.last_h = last_h;
    step.last_c = last_c;
    step.h = h0;
    step.h_stride = hidden;
    step.c = c0;
    for (std::int64_t t = 0; t < time; ++t) {
      step.t = t;
      step.pre = call.in<float>(0) + t * 4 * state;
      step.gates = call.out<float>(3) + t * 4 * state;
      step.cells = call.out<float>(4) + t * state;
      step.y = call.out<float>(0) + t * state;
      step.y_copy = stride ? scratch + copies + t % 2 * batch * stride : nullptr;
      call.loop(blocks.parts(), [&](std::int64_t part) {
        table->step(step, blocks.begin(part), blocks.end(part), scratch + part * blocks.product());
      });
      step.h = stride ? step.y_copy : step.y;
      step.h_stride = stride ? stride : hidden;
      step.c = step.cells;
    }
  };
  return {run, static_cast<std::size_t>(floats) * sizeof(float)};
}

std::vector<Value> LstmSteps::vjp(const Vjp& vjp) const {
  if (vjp.gradients[3] || vjp.gradients[4])
    throw UsageError("op 'lstm_steps' has no gradient for its outputs 3 and 4 (gates and cells)");
  Graph& graph = vjp.outputs[0].graph();
  const auto where = graph.node(vjp.outputs[0].node()).where;
  const Value y = vjp.outputs[0], weight = vjp.inputs[1], h0 = vjp.inputs[2];
  std::vector<Value> inputs = {weight, vjp.inputs[3], vjp.outputs[3], vjp.outputs[4]};
  for (int i = 0; i < 3; ++i)
    if (const Value gradient = vjp.gradients[static_cast<std::size_t>(i)])
      inputs.push_back(gradient);
  const bool lengths = vjp.inputs.size() > 4;
  if (lengths) inputs.push_back(vjp.inputs[4]);
  const LstmStepsGradient::Parts parts = {
      static_cast<bool>(vjp.gradients[0]), static_cast<bool>(vjp.gradients[1]),
      static_cast<bool>(vjp.gradients[2]), lengths, vjp.wanted[2] || vjp.wanted[3]};
  const std::vector<Value> outputs =
      graph.add(std::make_shared<LstmStepsGradient>(parts, false), inputs, where);
  std::vector<Value> result = {outputs[0], {}, {}, {}};
  if (parts.start) result[2] = outputs[1], result[3] = outputs[2];
  if (lengths) result.emplace_back();
  const std::int64_t time = y.shape()[0], batch = y.shape()[1], hidden = y.shape()[2];
  if (vjp.wanted[1] && time > 0) {
    // The state before each step, transposed, times dpre: one product over all steps but the first,
    // whose state is h0. Beyond a row's length dpre is zero, so that what y holds there is no
    // matter.
    const Value dpre = reshape({outputs[0], where}, {time * batch, 4 * hidden});
    const Value before = reshape({y, where}, {time * batch, hidden});
    std::vector<Value> products = {
        matmul({h0, where}, {slice({dpre, where}, 0, 0, batch), where}, {.transpose_a = true})};
    if (time > 1)
      products.push_back(matmul({slice({before, where}, 0, 0, (time - 1) * batch), where},
                                {slice({dpre, where}, 0, batch, time * batch), where},
                                {.transpose_a = true}));
    result[1] = add_n(products, where);
  }
  return result;
}

}  // namespace

LstmSequence lstm(Operand x, const LstmState& start, const LstmWeights& weights, Value lengths) {
  const auto where = x.where();
  const Value products = matmul(x, {weights.input, where});  // [time, batch, 4 hidden]
  const Value pre = Operand(products, where) + Operand(weights.bias, where);
  std::vector<Value> inputs = {pre, weights.recurrent, start.h, start.c};
  if (lengths) inputs.push_back(lengths);
  const std::vector<Value> outputs =
      pre.graph().add(std::make_shared<LstmSteps>(false), inputs, where);
  return {outputs[0], {outputs[1], outputs[2]}, outputs[3]};
}

}  // namespace abax
