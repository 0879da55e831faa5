// Tile functions out of register functions, for kernel sources.
//
//     struct Multiply { static F apply(F a, F b) { return a * b; } };
//     TileFunction multiply = tile<Multiply>;                      // f32, f32 -> f32
//     struct Less { static M apply(F a, F b) { return a < b; } };
//     TileFunction less = tile<Less>;                              // f32, f32 -> u8
//     struct Scale {
//       static constexpr int constants = 1;
//       static F apply(const float* c, F x) { return x * F(c[0]); }
//     };
//     TileFunction scale_then_add = tile<Then<Scale, Add, 0>>;     // (x, b) -> add(scale(x), b)
//
// The types of operands and result follow from apply's: F is f32, I is i32, M and MI are u8 truth
// values (any byte but 0 is true; results are 0 or 1), Bytes is u8 as integers.
#pragma once

#include <utility>

#include "core/base/simd.h"

namespace abax::ABAX_LEVEL {
namespace {

/// Integers that memory holds as u8.
struct Bytes {
  I value;
};

// How memory holds a register.
template <class Register>
struct Stored;
template <>
struct Stored<F> {
  using Element = float;
  static F after_load(F x) { return x; }
  static F before_store(F x) { return x; }
};
template <>
struct Stored<I> {
  using Element = std::int32_t;
  static I after_load(I x) { return x; }
  static I before_store(I x) { return x; }
};
template <>
struct Stored<M> {
  using Element = std::uint8_t;
  static M after_load(I x) { return is_true(x); }
  static I before_store(M x) { return as_int(x); }
};
template <>
struct Stored<MI> {
  using Element = std::uint8_t;
  static MI after_load(I x) { return x != I(0); }
  static I before_store(MI x) { return as_int(x); }
};
template <>
struct Stored<Bytes> {
  using Element = std::uint8_t;
  static Bytes after_load(I x) { return {x}; }
  static I before_store(Bytes x) { return x.value; }
};

template <class... Types>
struct List {};

template <class Op>
constexpr int constants_of() {
  if constexpr (requires { Op::constants; })
    return Op::constants;
  else
    return 0;
}

// What a function takes and gives, and how to call it with constants that it may not want.
template <class Op, class Function = decltype(&Op::apply)>
struct Form;
template <class Op, class R, class... A>
struct Form<Op, R (*)(A...)> {
  using Result = R;
  using Operands = List<A...>;
  static R call(const float*, A... operands) { return Op::apply(operands...); }
};
template <class Op, class R, class... A>
struct Form<Op, R (*)(const float*, A...)> {
  using Result = R;
  using Operands = List<A...>;
  static R call(const float* c, A... operands) { return Op::apply(c, operands...); }
};

// Second reads the result of First as its operand `position`.
template <class First, class Second, int position, class FirstOperands, class SecondOperands>
struct Join;
template <class First, class Second, class... A, class B0, class... B>
struct Join<First, Second, 0, List<A...>, List<B0, B...>> {
  static typename Form<Second>::Result apply(const float* c, A... a, B... b) {
    return Form<Second>::call(c + constants_of<First>(), Form<First>::call(c, a...), b...);
  }
};
template <class First, class Second, class... A, class B0, class B1, class... B>
struct Join<First, Second, 1, List<A...>, List<B0, B1, B...>> {
  static typename Form<Second>::Result apply(const float* c, A... a, B0 b0, B... b) {
    return Form<Second>::call(c + constants_of<First>(), b0, Form<First>::call(c, a...), b...);
  }
};

/// The super-op of two functions: First's operands, then Second's others; constants likewise.
template <class First, class Second, int position>
struct Then : Join<First, Second, position, typename Form<First>::Operands,
                   typename Form<Second>::Operands> {
  static constexpr int constants = constants_of<First>() + constants_of<Second>();
};

// `from` are copies of the operands' addresses: the compiler must think that a store could change
// the array that they came in. The constants are copied for the same reason.
template <class Op, class... A>
[[gnu::always_inline]] inline void run_tile(
    typename Stored<typename Form<Op>::Result>::Element* out, const float* constants,
    std::int64_t count, List<A...>, const typename Stored<A>::Element*... from) {
  float c[1 + constants_of<Op>()] = {};
  for (int i = 0; i < constants_of<Op>(); ++i) c[i] = constants[i];
  for_each_vector(count, [&, out](std::int64_t i, auto lanes) {
    const auto result = Form<Op>::call(c, Stored<A>::after_load(load(from + i, lanes))...);
    store(out + i, Stored<typename Form<Op>::Result>::before_store(result), lanes);
  });
}

template <class Op, class... A, std::size_t... n>
[[gnu::always_inline]] inline void run_tile(void* out, const void* const* in,
                                            const float* constants, std::int64_t count,
                                            List<A...> operands, std::index_sequence<n...>) {
  run_tile<Op>(static_cast<typename Stored<typename Form<Op>::Result>::Element*>(out), constants,
               count, operands, static_cast<const typename Stored<A>::Element*>(in[n])...);
}

template <class... A>
constexpr auto indices_of(List<A...>) {
  return std::index_sequence_for<A...>{};
}

/// A TileFunction.
template <class Op>
void tile(void* out, const void* const* in, const float* constants, std::int64_t count) {
  using Operands = typename Form<Op>::Operands;
  run_tile<Op>(out, in, constants, count, Operands{}, indices_of(Operands{}));
}

}  // namespace
}  // namespace abax::ABAX_LEVEL
