// The op of nodes without inputs: what the executor binds to them.
#pragma once

#include <utility>

#include "core/graph/graph.h"

namespace abax {

/// Never compiled to a step: its memory is the bound tensor's, the variable's or the constant's.
class LeafOp : public Op {
 public:
  explicit LeafOp(Leaf leaf) : leaf_(std::move(leaf)) {}

  std::string_view name() const override;
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType>) const override { return {leaf_.type}; }
  Kernel compile(const Signature&) const override { return {}; }
  const Leaf* leaf() const override { return &leaf_; }

 private:
  Leaf leaf_;
};

}  // namespace abax
