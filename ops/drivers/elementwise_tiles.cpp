// Collects the tile operations of the elementwise ops and their super-ops.
#include "ops/drivers/elementwise_tiles.h"

#include "core/base/text.h"
#include "ops/kernels/table.h"

namespace abax::elementwise {
namespace {

/// `get(kernels of a level)` for every level.
template <class Get>
std::array<TileFunction, level_count> at_all_levels(Get get) {
  std::array<TileFunction, level_count> functions{};
  for (std::size_t level = 0; level < level_count; ++level)
    functions[level] = get(*kernels(static_cast<Level>(level)).elementwise);
  return functions;
}

// Forms with a number have names of their own: the name tells an op from the others.
template <class Op>
std::string name_of_form(Both<Op>) {
  return std::string(Op::name);
}
template <class Op>
std::string name_of_form(NumberRight<Op>) {
  return std::string(Op::name) + "_number";
}
template <class Op>
std::string name_of_form(NumberLeft<Op>) {
  return "number_" + std::string(Op::name);
}
template <class Op>
std::string name_of_form(One<Op>) {
  return std::string(Op::name);
}
template <class Op>
std::string name_of_form(OneWithRange<Op>) {
  return std::string(Op::name);
}

template <class... All>
void fill_forms(std::array<TileOp, Forms::size>& ops, std::deque<std::string>& names,
                List<All...>) {
  std::size_t i = 0;
  const auto fill = [&]<class Form>() {
    ops[i] = {.name = names.emplace_back(name_of_form(Form{})),
              .arity = Form::arity,
              .functions = at_all_levels([i](const auto& k) { return k.forms[i]; }),
              .flops = Form::Definition::flops,
              .constants = Form::constants};
    ++i;
  };
  (fill.template operator()<All>(), ...);
}

template <class... All>
void fill_integer(std::array<TileOp, IntegerBinary::size>& ops, List<All...>) {
  std::size_t i = 0;
  const auto fill = [&]<class Op>() {
    ops[i] = {.name = Op::name,
              .arity = 2,
              .functions = at_all_levels([i](const auto& k) { return k.integer[i]; }),
              .in = {i32, i32},
              .out = i32};
    ++i;
  };
  (fill.template operator()<All>(), ...);
}

template <class... All>
void fill_comparisons(std::array<std::array<TileOp, 4>, Comparisons::size>& ops,
                      std::deque<std::string>& names, List<All...>) {
  std::size_t i = 0;
  const auto fill = [&]<class Op>() {
    using Entry = ElementwiseKernels::Comparison;
    const auto functions = [i](TileFunction Entry::*which) {
      return at_all_levels([i, which](const auto& k) { return k.comparisons[i].*which; });
    };
    ops[i] = {
        TileOp{.name = Op::name, .arity = 2, .functions = functions(&Entry::both), .out = u8},
        TileOp{.name = names.emplace_back(name_of_form(NumberRight<Op>{})),
               .arity = 1,
               .functions = functions(&Entry::number_right),
               .constants = 1,
               .out = u8},
        TileOp{.name = names.emplace_back(name_of_form(NumberLeft<Op>{})),
               .arity = 1,
               .functions = functions(&Entry::number_left),
               .constants = 1,
               .out = u8},
        TileOp{.name = Op::name,
               .arity = 2,
               .functions = functions(&Entry::integer),
               .in = {i32, i32},
               .out = u8},
    };
    ++i;
  };
  (fill.template operator()<All>(), ...);
}

template <class... All>
std::array<const TileOp*, sizeof...(All)> pointers(const Tiles& tiles, List<All...>) {
  return {&tiles.form<All>()...};
}

}  // namespace

const Tiles& Tiles::get() {
  static const Tiles tiles;
  return tiles;
}

Tiles::Tiles() {
  fill_forms(forms_, names_, Forms{});
  fill_integer(integer_, IntegerBinary{});
  fill_comparisons(comparisons_, names_, Comparisons{});
  for (const DType dtype : {f32, i32, u8})
    where_[static_cast<std::size_t>(dtype)] = {.name = "where",
                                               .arity = 3,
                                               .functions = at_all_levels([dtype](const auto& k) {
                                                 return dtype == u8 ? k.select.bytes
                                                                    : k.select.words;
                                               }),
                                               .in = {u8, dtype, dtype},
                                               .out = dtype};
  where_or_number_ = {
      .name = "where_or_number",
      .arity = 2,
      .functions = at_all_levels([](const auto& k) { return k.select.number_right; }),
      .constants = 1,
      .in = {u8, f32}};
  where_number_or_ = {
      .name = "where_number_or",
      .arity = 2,
      .functions = at_all_levels([](const auto& k) { return k.select.number_left; }),
      .constants = 1,
      .in = {u8, f32}};
  for (const DType from : {f32, i32, u8})
    for (const DType to : {f32, i32, u8}) {
      const auto i = static_cast<std::size_t>(from), j = static_cast<std::size_t>(to);
      cast_[i][j] = {.name = "cast",
                     .arity = 1,
                     .functions = at_all_levels([i, j](const auto& k) { return k.cast[i][j]; }),
                     .in = {from},
                     .out = to};
    }
  add_super_ops();
}

void Tiles::add_super_ops() {
  const auto cheap = pointers(*this, CheapForms{});
  pairs_.resize(cheap.size());
  for (std::size_t p = 0; p < cheap.size(); ++p)
    for (std::size_t c = 0; c < cheap.size(); ++c)
      for (int position = 0; position < cheap[c]->arity; ++position) {
        const TileOp &producer = *cheap[p], &consumer = *cheap[c];
        if (&producer == &tile_add && &consumer == &tile_add) continue;  // core has that one
        const auto which = static_cast<std::size_t>(position);
        const TileOp& fused = super_ops_.emplace_back(
            TileOp{.name = names_.emplace_back(str_cat(producer.name, "_", consumer.name)),
                   .arity = producer.arity + consumer.arity - 1,
                   .functions =
                       at_all_levels([p, c, which](const auto& k) { return k.pairs[p][c][which]; }),
                   .flops = producer.flops + consumer.flops,
                   .constants = producer.constants + consumer.constants});
        // One of the two must know the pair; core's addition cannot know ops.
        pairs_[&producer == &tile_add ? c : p].push_back({&producer, &consumer, position, &fused});
      }
  for (std::size_t i = 0; i < cheap.size(); ++i)
    if (cheap[i] != &tile_add)
      forms_[static_cast<std::size_t>(cheap[i] - forms_.data())].pairs = pairs_[i];
}

}  // namespace abax::elementwise
