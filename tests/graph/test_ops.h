// Small ops for tests of core, which knows none of ops/.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/graph.h"

namespace abax::test {

/// x * y for equal shapes, with a gradient.
class Product : public Op {
 public:
  std::string_view name() const override { return "product"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override {
    if (in[0] != in[1]) throw ShapeError(str_cat("product: types differ: ", in[0], " and ", in[1]));
    return {in[0]};
  }
  Kernel compile(const Signature& signature) const override {
    const std::int64_t size = signature.outputs[0].size();
    return {[size](const Call& call) {
      for (std::int64_t i = 0; i < size; ++i)
        call.out<float>(0)[i] = call.in<float>(0)[i] * call.in<float>(1)[i];
    }};
  }
  std::vector<Value> vjp(const Vjp& v) const override;
  bool may_overwrite(int, int) const override { return true; }
};

inline Value product(Operand a, Operand b) {
  return a.value().graph().add_one(std::make_shared<Product>(), {a.value(), b.value()}, a.where());
}

inline std::vector<Value> Product::vjp(const Vjp& v) const {
  return {product(v.gradients[0], v.inputs[1]), product(v.gradients[0], v.inputs[0])};
}

/// The identity without a gradient.
class Opaque : public Op {
 public:
  std::string_view name() const override { return "opaque"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override { return {in[0]}; }
  Kernel compile(const Signature& signature) const override {
    const std::int64_t size = signature.outputs[0].size();
    return {[size](const Call& call) {
      std::copy(call.in<float>(0), call.in<float>(0) + size, call.out<float>(0));
    }};
  }
};

inline Value opaque(Operand a) {
  return a.value().graph().add_one(std::make_shared<Opaque>(), {a.value()}, a.where());
}

}  // namespace abax::test
