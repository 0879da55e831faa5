// Sinusoidal positions, and the rotation of pairs by their angles.
#include "ops/position.h"

#include <cmath>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "ops/drivers/partition.h"
#include "ops/kernels/position.h"
#include "ops/kernels/table.h"

namespace abax {
namespace {

/// Input first [] or [batch]; output [time, width] or [time, batch, width].
class SinusoidalPositions : public Op {
 public:
  SinusoidalPositions(std::int64_t time, std::int64_t width) : time_(time), width_(width) {}
  std::string_view name() const override { return "sinusoidal_positions"; }
  std::string attributes() const override { return str_cat("time=", time_, " width=", width_); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType& first = inputs[0];
    if (first.dtype != i32 || first.shape.rank() > 1 || time_ < 0 || width_ < 0 || width_ % 2 != 0)
      throw ShapeError(
          str_cat("sinusoidal_positions: expected first i32[] or i32[batch], a time not "
                  "below 0 and an even width, got ",
                  first, ", ", time_, " and ", width_));
    const Shape table{time_, width_};
    return {{first.shape.rank() == 0 ? table : table.inserted(1, first.shape[0]), f32}};
  }
  Kernel compile(const Signature& signature) const override {
    const std::int64_t half = width_ / 2, batch = signature.inputs[0].size();
    std::vector<double> turns;  // radians from a position to the next
    for (std::int64_t i = 0; i < half; ++i)
      turns.push_back(std::pow(10000., -2. * static_cast<double>(i) / static_cast<double>(width_)));
    const Partition rows = partition_rows(time_ * batch, width_ * cost_of_angle);
    return {[=, turns = std::move(turns)](const Call& call) {
      const auto* first = call.in<std::int32_t>(0);
      call.loop(rows.count(), [&](std::int64_t piece) {
        for (std::int64_t row = rows.begin(piece); row < rows.end(piece); ++row) {
          const auto position = static_cast<double>(first[row % batch] + row / batch);
          float* sines = call.out<float>(0) + row * 2 * half;
          for (std::int64_t i = 0; i < half; ++i) {
            const double angle = position * turns[static_cast<std::size_t>(i)];
            sines[i] = static_cast<float>(std::sin(angle));
            sines[i + half] = static_cast<float>(std::cos(angle));
          }
        }
      });
    }};
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    cost.flops = static_cast<double>(cost_of_angle * outputs[0].size());
    return cost;
  }

 private:
  static constexpr std::int64_t cost_of_angle = 32;  // in elements of plain work
  std::int64_t time_, width_;
};

/// Inputs x [time, batch, heads * d], angles (as sinusoidal_positions gives them) [time, d] or
/// [time, batch, d]; output as x.
class Rotary : public Op {
 public:
  Rotary(std::int64_t heads, bool back) : heads_(heads), back_(back) {}
  std::string_view name() const override { return "rotary"; }
  std::string attributes() const override { return str_cat("heads=", heads_, " back=", back_); }

  bool fits(const TensorType& x) const {
    return x.dtype == f32 && x.shape.rank() == 3 && heads_ > 0 && x.shape[2] % (2 * heads_) == 0;
  }
  /// Where x does not fit there are no angles: `first` comes in their place.
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType &x = inputs[0], &angles = inputs[1];
    if (!fits(x))
      throw ShapeError(
          str_cat("rotary: expected x f32[time, batch, heads * d] with an even d, got ", x,
                  " with ", heads_, " heads"));
    if (angles.shape.rank() == 3 && angles.shape[1] != x.shape[1])
      throw ShapeError(str_cat("rotary: expected first i32[] or i32[batch], got i32[",
                               angles.shape[1], "] for x ", x));
    return {x};
  }
  bool may_overwrite(int, int input) const override { return input == 0; }
  Kernel compile(const Signature& signature) const override {
    const Shape& shape = signature.inputs[0].shape;
    const bool shared = signature.inputs[1].shape.rank() == 2;
    const std::int64_t width = shape[2], half = width / heads_ / 2;
    const std::int64_t repeat = shared ? shape[1] : 1;
    const Partition rows = partition_rows(shape[0] * shape[1], width);
    const auto kernel = kernels(signature.level).position->rotate;
    return {[=, heads = heads_, sign = back_ ? -1.f : 1.f](const Call& call) {
      call.loop(rows.count(), [&](std::int64_t piece) {
        kernel(call.in<float>(0), call.in<float>(1), sign, call.out<float>(0), rows.begin(piece),
               rows.end(piece), repeat, heads, half);
      });
    }};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    Graph& graph = vjp.outputs[0].graph();
    return {
        graph.add_one(std::make_shared<Rotary>(heads_, !back_), {vjp.gradients[0], vjp.inputs[1]},
                      graph.node(vjp.outputs[0].node()).where),
        Value{}};
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    cost.flops = 3.0 * static_cast<double>(outputs[0].size());
    return cost;
  }

 private:
  std::int64_t heads_;
  bool back_;  // turns the other way
};

/// A position; a whole number becomes a constant.
Value as_position(const Operand& first, Graph& graph) {
  const auto integer = first.integer();
  if (!integer) return first.value(graph);
  return graph.constant(Tensor::of<std::int32_t>({}, {*integer}), first.where());
}

}  // namespace

Value sinusoidal_positions(Operand first, std::int64_t time, std::int64_t width) {
  return first.value().graph().add_one(std::make_shared<SinusoidalPositions>(time, width),
                                       {first.value()}, first.where());
}

Value rotary(Operand x, std::int64_t heads, Operand first) {
  const Value value = x.value();
  Graph& graph = value.graph();
  const auto op = std::make_shared<Rotary>(heads, false);
  Value angles = as_position(first, graph);
  if (op->fits(value.type()))
    angles = sinusoidal_positions({angles, x.where()}, value.shape()[0], value.shape()[2] / heads);
  return graph.add_one(op, {value, angles}, x.where());
}

}  // namespace abax
