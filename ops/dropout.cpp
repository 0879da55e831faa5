// Dropout as two ops: one gives the key of this run's mask, the other applies it, and is its own
// gradient.
#include "ops/dropout.h"

#include <array>
#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "ops/attributes.h"
#include "ops/drivers/partition.h"
#include "ops/kernels/dropout.h"
#include "ops/kernels/table.h"

namespace abax {
namespace {

/// No inputs; output [4], i32: the words of key and run, low ones first.
class DropoutKey : public Op {
 public:
  std::string_view name() const override { return "dropout_key"; }
  bool repeatable() const override { return false; }
  std::vector<TensorType> infer(std::span<const TensorType>) const override { return {{{4}, i32}}; }
  Kernel compile(const Signature& signature) const override {
    return {[label = signature.label, name = signature.name](const Call& call) {
      const std::uint64_t key = stream_key(call.seed, label, name);
      auto* words = call.out<std::uint32_t>(0);
      words[0] = static_cast<std::uint32_t>(key);
      words[1] = static_cast<std::uint32_t>(key >> 32);
      words[2] = static_cast<std::uint32_t>(call.run);
      words[3] = static_cast<std::uint32_t>(call.run >> 32);
    }};
  }
};

/// Inputs x [..], key [4]; output [..].
class Dropout : public Op {
 public:
  explicit Dropout(float p) : p_(p) {}
  std::string_view name() const override { return "dropout"; }
  std::string attributes() const override { return str_cat("p=", exact(double{p_})); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    if (!(p_ >= 0 && p_ < 1))
      throw UsageError(str_cat("dropout: the probability ", p_, " is not in [0, 1)"));
    if (inputs[0].dtype != f32) throw ShapeError(str_cat("dropout: expected f32, got ", inputs[0]));
    return {inputs[0]};
  }
  bool may_overwrite(int, int input) const override { return input == 0; }
  Kernel compile(const Signature& signature) const override {
    const auto kernel = kernels(signature.level).dropout->dropout;
    const Partition parts = {signature.outputs[0].size(), part_size};
    const auto threshold = static_cast<std::int32_t>(std::ceil(double{p_} * 0x1p24));
    const float scale = 1 / (1 - p_);
    return {[=](const Call& call) {
      const auto* words = call.in<std::uint32_t>(1);
      const auto number = [&](int i) { return words[i] | std::uint64_t{words[i + 1]} << 32; };
      const RandomStream stream = {number(0), number(2)};
      call.loop(parts.count(), [&](std::int64_t part) {
        const std::int64_t at = parts.begin(part);
        kernel(call.in<float>(0) + at, call.out<float>(0) + at, at, parts.end(part) - at, stream,
               threshold, scale);
      });
    }};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    Graph& graph = vjp.outputs[0].graph();
    return {graph.add_one(std::make_shared<Dropout>(p_), {vjp.gradients[0], vjp.inputs[1]},
                          graph.node(vjp.outputs[0].node()).where),
            {}};
  }

 private:
  float p_;
};

}  // namespace

Value dropout(Operand x, float p) {
  const Value value = x.value();
  Graph& graph = value.graph();
  const bool refused = !(p >= 0 && p < 1) || value.dtype() != f32;
  if (!refused && (p == 0 || !graph.training())) return value;
  const Value key = graph.add(std::make_shared<DropoutKey>(), {}, x.where())[0];
  return graph.add_one(std::make_shared<Dropout>(p), {value, key}, x.where());
}

}  // namespace abax
