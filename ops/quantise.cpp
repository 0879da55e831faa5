// The nearest code, the straight-through gradient, unit vectors, rows drawn at random.
#include "ops/quantise.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "ops/drivers/partition.h"
#include "ops/elementwise.h"
#include "ops/kernels/quantise.h"
#include "ops/kernels/table.h"
#include "ops/reduce.h"

namespace abax {
namespace {

/// Inputs: z [.., width], book [codes, width]; output [..].
class Nearest : public Op {
 public:
  std::string_view name() const override { return "nearest"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType &z = inputs[0], &book = inputs[1];
    if (z.dtype != f32 || book.dtype != f32 || z.shape.rank() == 0 || book.shape.rank() != 2 ||
        z.shape.at(-1) != book.shape[1] || book.shape[0] == 0)
      throw ShapeError(
          str_cat("nearest: expected z f32[.., width] and a book f32[codes, width] of at "
                  "least one code, got ",
                  z, " and ", book));
    return {{z.shape.without(-1), i32}};
  }
  Kernel compile(const Signature& signature) const override {
    const Shape& book = signature.inputs[1].shape;
    const std::int64_t codes = book[0], width = book[1];
    const QuantiseKernels* table = kernels(signature.level).quantise;
    const std::int64_t blocks = (codes + table->block - 1) / table->block;
    const std::int64_t packed_size = blocks * table->block * width;
    const Partition rows =
        partition_rows(signature.outputs[0].size(), std::max<std::int64_t>(1, codes * width / 64));
    const Partition packs = partition_rows(blocks, table->block * width);
    const auto run = [=](const Call& call) {
      auto* half_norms = reinterpret_cast<float*>(call.scratch);  // [blocks, block]
      float* packed = half_norms + blocks * table->block;         // [blocks, width, block]
      call.loop(packs.count(), [&](std::int64_t part) {
        for (std::int64_t i = packs.begin(part); i < packs.end(part); ++i)
          table->pack(call.in<float>(1), codes, width, i, packed, half_norms);
      });
      call.loop(rows.count(), [&](std::int64_t part) {
        const std::int64_t begin = rows.begin(part);
        table->nearest(call.in<float>(0) + begin * width, rows.end(part) - begin, width, packed,
                       half_norms, blocks, call.out<std::int32_t>(0) + begin);
      });
    };
    return {run, static_cast<std::size_t>(packed_size + blocks * table->block) * sizeof(float)};
  }
  std::vector<Value> vjp(const Vjp&) const override { return std::vector<Value>(2); }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    cost.flops =
        2.0 * static_cast<double>(inputs[0].size()) * static_cast<double>(inputs[1].shape[0]);
    return cost;
  }
};

/// Inputs: z and its quantised value, of one shape; output the latter.
class StraightThrough : public Op {
 public:
  std::string_view name() const override { return "straight_through"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    if (inputs[0].dtype != f32 || inputs[0] != inputs[1])
      throw ShapeError(str_cat("straight_through: expected two f32 of one shape, got ", inputs[0],
                               " and ", inputs[1]));
    return {inputs[1]};
  }
  std::optional<ViewOf> view(int, std::span<const TensorType>) const override {
    return ViewOf{.input = 1};
  }
  Kernel compile(const Signature& signature) const override {
    return {[bytes = signature.outputs[0].bytes()](const Call& call) {
      if (bytes > 0) std::memcpy(call.outputs[0], call.inputs[1], bytes);
    }};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override { return {vjp.gradients[0], Value{}}; }
};

/// Input: weights [n]; output [count].
class RandomRows : public Op {
 public:
  explicit RandomRows(std::int64_t count) : count_(count) {}
  std::string_view name() const override { return "random_rows"; }
  std::string attributes() const override { return str_cat("count=", count_); }
  bool repeatable() const override { return false; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    if (inputs[0].dtype != f32 || inputs[0].shape.rank() != 1)
      throw ShapeError(str_cat("random_rows: expected weights f32[n], got ", inputs[0]));
    if (count_ < 0) throw UsageError(str_cat("random_rows: the count is ", count_, ", below 0"));
    return {{{count_}, i32}};
  }
  Kernel compile(const Signature& signature) const override {
    const std::int64_t rows = signature.inputs[0].size(), count = count_;
    const auto run = [=, label = signature.label, name = signature.name](const Call& call) {
      auto* known = reinterpret_cast<std::int32_t*>(call.scratch);  // the rows to draw from
      std::int64_t size = 0;
      for (std::int64_t i = 0; i < rows; ++i)
        if (call.in<float>(0)[i] > 0) known[size++] = static_cast<std::int32_t>(i);
      auto* drawn = call.out<std::int32_t>(0);
      Random random(stream_key(call.seed, label, name), call.run);
      // Fisher and Yates's shuffle, as far as it is needed, and from its start again.
      for (std::int64_t i = 0, at = 0; i < count; ++i, at = at + 1 < size ? at + 1 : 0) {
        if (size > 0) std::swap(known[at], known[at + random.below(size - at)]);
        drawn[i] = size > 0 ? known[at] : 0;
      }
    };
    return {run, static_cast<std::size_t>(rows) * sizeof(std::int32_t)};
  }
  std::vector<Value> vjp(const Vjp&) const override { return std::vector<Value>(1); }

 private:
  std::int64_t count_;
};

}  // namespace

Value nearest(Operand z, Operand book) {
  const Value value = z.value();
  return value.graph().add_one(std::make_shared<Nearest>(), {value, book.value()}, z.where());
}

Value straight_through(Operand z, Operand quantised) {
  const Value value = z.value();
  return value.graph().add_one(std::make_shared<StraightThrough>(), {value, quantised.value()},
                               z.where());
}

Value unit_vectors(Operand x) {
  const Value norm = sum({square(x), x.where()}, {-1}, Keep::axes);  // squared, [.., 1]
  const Value known = greater({norm, x.where()}, {1e-30f, x.where()});
  const Value inverse = rsqrt({where({known, x.where()}, norm, 1), x.where()});
  return where({known, x.where()}, Operand(x.value(), x.where()) * Operand(inverse, x.where()), 0);
}

Value random_rows(Operand weights, std::int64_t count) {
  const Value value = weights.value();
  return value.graph().add_one(std::make_shared<RandomRows>(count), {value}, weights.where());
}

}  // namespace abax
