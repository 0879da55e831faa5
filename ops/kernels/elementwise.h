// The elementwise kernels of one SIMD level: a tile function for each form of each op.
#pragma once

#include "core/base/tile.h"
#include "ops/elementwise_definitions.h"

namespace abax {

namespace elementwise {

// A form is an op with its operands: tensors, or numbers that are constants of the instruction.

template <class Op>
struct Both {  // two tensors
  using Definition = Op;
  static constexpr int arity = 2, constants = 0;
};
template <class Op>
struct NumberRight {
  using Definition = Op;
  static constexpr int arity = 1, constants = 1;
};
template <class Op>
struct NumberLeft {
  using Definition = Op;
  static constexpr int arity = 1, constants = 1;
};
template <class Op>
struct One {
  using Definition = Op;
  static constexpr int arity = 1, constants = 0;
};
template <class Op>
struct OneWithRange {
  using Definition = Op;
  static constexpr int arity = 1, constants = 2;
};

template <class... Lists>
struct Joined;
template <class... Ops>
struct Joined<List<Ops...>> {
  using Type = List<Ops...>;
};
template <class... A, class... B, class... Rest>
struct Joined<List<A...>, List<B...>, Rest...> : Joined<List<A..., B...>, Rest...> {};

template <template <class> class Form, class Ops>
struct FormOf;
template <template <class> class Form, class... Ops>
struct FormOf<Form, List<Ops...>> {
  using Type = List<Form<Ops>...>;
};

/// Every form of f32 operands and an f32 result.
using Forms = Joined<FormOf<Both, BinaryBesidesAdd>::Type, FormOf<Both, BinaryOfTensors>::Type,
                     FormOf<NumberRight, Binary>::Type, FormOf<NumberLeft, Binary>::Type,
                     FormOf<One, Unary>::Type, List<OneWithRange<Clamp>>>::Type;

/// Forms so cheap that a pair of them is worth a super-op.
using CheapForms =
    List<Both<Add>, NumberRight<Add>, Both<Subtract>, NumberRight<Subtract>, NumberLeft<Subtract>,
         Both<Multiply>, NumberRight<Multiply>, One<Negate>, One<Square>, One<Relu>>;

}  // namespace elementwise

struct ElementwiseKernels {
  TileFunction forms[elementwise::Forms::size];
  /// [producer][consumer][which operand of the consumer]; null for an operand that there is not.
  TileFunction pairs[elementwise::CheapForms::size][elementwise::CheapForms::size][2];
  TileFunction integer[elementwise::IntegerBinary::size];  // i32, two tensors
  struct Comparison {
    TileFunction both, number_right, number_left;  // f32
    TileFunction integer;                          // i32, two tensors
  };
  Comparison comparisons[elementwise::Comparisons::size];
  struct Select {
    TileFunction words, bytes;               // three tensors, elements of 4 bytes or of 1
    TileFunction number_right, number_left;  // f32
  } select;
  TileFunction cast[3][3];  // [from][to], by DType
};

}  // namespace abax
