// Graph ops of random tensors, over the Philox kernels.
#include "ops/random.h"

#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "ops/drivers/partition.h"
#include "ops/elementwise.h"
#include "ops/kernels/random.h"
#include "ops/kernels/table.h"

namespace abax {
namespace {

/// Runs fill(kernels, first element, count, stream) over fixed parts of whole random blocks.
template <class Fill>
Kernel random_kernel(const Signature& signature, Fill fill) {
  static_assert(part_size % random_block == 0);
  const Partition parts{signature.outputs[0].size(), part_size};
  const RandomKernels* table = kernels(signature.level).random;
  return {[=, label = signature.label, name = signature.name](const Call& call) {
    const RandomStream stream{stream_key(call.seed, label, name), call.run};
    call.loop(parts.count(), [&](std::int64_t i) {
      fill(*table, call, parts.begin(i), parts.end(i) - parts.begin(i), stream);
    });
  }};
}

class RandomOp : public Op {
 public:
  explicit RandomOp(TensorType type) : type_(type) {}
  std::string attributes() const override { return str_cat("type=", type_); }
  std::vector<TensorType> infer(std::span<const TensorType>) const override { return {type_}; }
  bool repeatable() const override { return false; }

 private:
  TensorType type_;
};

class RandomUniform : public RandomOp {
 public:
  RandomUniform(Shape shape, float low, float high)
      : RandomOp({shape, f32}), low_(low), high_(high) {}
  std::string_view name() const override { return "random_uniform"; }
  std::string attributes() const override {
    return str_cat(RandomOp::attributes(), " low=", low_, " high=", high_);
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    if (!(low_ < high_) || !std::isfinite(high_ - low_))
      throw UsageError(
          str_cat("random_uniform: finite low < high expected, got ", low_, " and ", high_));
    return RandomOp::infer(inputs);
  }
  Kernel compile(const Signature& signature) const override {
    return random_kernel(
        signature, [low = low_, range = high_ - low_](const RandomKernels& table, const Call& call,
                                                      std::int64_t first, std::int64_t count,
                                                      RandomStream stream) {
          table.uniform(call.out<float>(0) + first, first, count, stream, low, range);
        });
  }

 private:
  float low_, high_;
};

class RandomOpenUniform : public RandomOp {
 public:
  explicit RandomOpenUniform(Shape shape) : RandomOp({shape, f32}) {}
  std::string_view name() const override { return "random_open_uniform"; }
  Kernel compile(const Signature& signature) const override {
    return random_kernel(signature,
                         [](const RandomKernels& table, const Call& call, std::int64_t first,
                            std::int64_t count, RandomStream stream) {
                           table.open_uniform(call.out<float>(0) + first, first, count, stream);
                         });
  }
};

class RandomBernoulli : public RandomOp {
 public:
  RandomBernoulli(Shape shape, float probability)
      : RandomOp({shape, u8}), probability_(probability) {}
  std::string_view name() const override { return "random_bernoulli"; }
  std::string attributes() const override {
    return str_cat(RandomOp::attributes(), " probability=", probability_);
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    if (!(probability_ >= 0 && probability_ <= 1))
      throw UsageError(
          str_cat("random_bernoulli: a probability in [0, 1] expected, got ", probability_));
    return RandomOp::infer(inputs);
  }
  Kernel compile(const Signature& signature) const override {
    const auto threshold = static_cast<std::int32_t>(std::ceil(probability_ * 0x1p24f));
    return random_kernel(
        signature, [threshold](const RandomKernels& table, const Call& call, std::int64_t first,
                               std::int64_t count, RandomStream stream) {
          table.bernoulli(call.out<std::uint8_t>(0) + first, first, count, stream, threshold);
        });
  }

 private:
  float probability_;
};

}  // namespace

Value random_uniform(Graph& graph, Shape shape, float low, float high, SourceLocation where) {
  return graph.add_one(std::make_shared<RandomUniform>(shape, low, high), {}, where);
}

Value random_open_uniform(Graph& graph, Shape shape, SourceLocation where) {
  return graph.add_one(std::make_shared<RandomOpenUniform>(shape), {}, where);
}

Value random_normal(Graph& graph, Shape shape, SourceLocation where) {
  const auto scope = graph.scope("random_normal");
  return normal_quantile({random_open_uniform(graph, shape, where), where});
}

Value random_gumbel(Graph& graph, Shape shape, SourceLocation where) {
  const auto scope = graph.scope("random_gumbel");
  const Value u = random_open_uniform(graph, shape, where);
  return -log({-log({u, where}), where});
}

Value random_bernoulli(Graph& graph, Shape shape, float probability, SourceLocation where) {
  return graph.add_one(std::make_shared<RandomBernoulli>(shape, probability), {}, where);
}

}  // namespace abax
