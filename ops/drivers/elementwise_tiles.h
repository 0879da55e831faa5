// The tile operations of the elementwise ops and their super-ops, for ops/elementwise.cpp.
#pragma once

#include <array>
#include <deque>
#include <string>
#include <vector>

#include "core/graph/elementwise_op.h"
#include "ops/kernels/elementwise.h"

namespace abax::elementwise {

/// Every tile operation there is, by form and element type. There is one of it, made at first use;
/// the operations stay where they are, so that pointers tell them apart.
class Tiles {
 public:
  static const Tiles& get();

  template <class Form>
  const TileOp& form() const {
    if constexpr (std::is_same_v<Form, Both<Add>>)
      return tile_add;
    else
      return forms_[Forms::index<Form>];
  }
  template <class Op>
  const TileOp& integer() const {
    return integer_[IntegerBinary::index<Op>];
  }

  enum class Operands { both, number_right, number_left, integer };
  template <class Op>
  const TileOp& comparison(Operands operands) const {
    return comparisons_[Comparisons::index<Op>][static_cast<std::size_t>(operands)];
  }

  const TileOp& where(DType dtype) const { return where_[static_cast<std::size_t>(dtype)]; }
  const TileOp& where_or_number() const { return where_or_number_; }
  const TileOp& where_number_or() const { return where_number_or_; }
  const TileOp& cast(DType from, DType to) const {
    return cast_[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
  }

 private:
  Tiles();
  void add_super_ops();

  std::array<TileOp, Forms::size> forms_;
  std::array<TileOp, IntegerBinary::size> integer_;
  std::array<std::array<TileOp, 4>, Comparisons::size> comparisons_;
  std::array<TileOp, 3> where_;  // by the type of what is selected
  TileOp where_or_number_, where_number_or_;
  std::array<std::array<TileOp, 3>, 3> cast_;
  std::deque<std::string> names_;  // those that are put together here
  std::deque<TileOp> super_ops_;
  std::vector<std::vector<TilePair>> pairs_;  // by CheapForms
};

}  // namespace abax::elementwise
