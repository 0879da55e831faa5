// Kernel source: tile functions of the elementwise ops, out of their definitions.
#include "ops/kernels/elementwise.h"

#include <utility>

#include "core/base/simd_math.h"
#include "core/base/tile_kernels.h"

namespace abax::ABAX_LEVEL {
namespace {

using elementwise::Both;
using elementwise::CheapForms;
using elementwise::NumberLeft;
using elementwise::NumberRight;
using elementwise::One;
using elementwise::OneWithRange;

/// A register, whose functions are found by its namespace: what the definitions are instantiated
/// with.
template <class Register, class Condition>
struct Lanes {
  Register r;

  Lanes(Register x) : r(x) {}
  Lanes(float x) : r(x) {}

  friend Lanes operator+(Lanes a, Lanes b) { return a.r + b.r; }
  friend Lanes operator-(Lanes a, Lanes b) { return a.r - b.r; }
  friend Lanes operator*(Lanes a, Lanes b) { return a.r * b.r; }
  friend Lanes operator/(Lanes a, Lanes b) { return a.r / b.r; }
  friend Lanes operator-(Lanes x) { return -x.r; }
  friend Condition operator<(Lanes a, Lanes b) { return a.r < b.r; }
  friend Condition operator<=(Lanes a, Lanes b) { return a.r <= b.r; }
  friend Condition operator>(Lanes a, Lanes b) { return a.r > b.r; }
  friend Condition operator==(Lanes a, Lanes b) { return a.r == b.r; }
  // xsimd 8.1's != is false for NaN at AVX.
  friend Condition operator!=(Lanes a, Lanes b) { return !(a.r == b.r); }
  friend Lanes select(Condition c, Lanes a, Lanes b) { return ABAX_LEVEL::select(c, a.r, b.r); }
  friend Lanes abs(Lanes x) { return ABAX_LEVEL::abs(x.r); }
  friend Lanes sqrt(Lanes x) { return ABAX_LEVEL::sqrt(x.r); }
  friend Lanes exp(Lanes x) { return ABAX_LEVEL::exp(x.r); }
  friend Lanes log(Lanes x) { return ABAX_LEVEL::log(x.r); }
  friend Lanes tanh(Lanes x) { return ABAX_LEVEL::tanh(x.r); }
  friend Lanes sigmoid(Lanes x) { return ABAX_LEVEL::sigmoid(x.r); }
  friend Lanes softplus(Lanes x) { return ABAX_LEVEL::softplus(x.r); }
  friend Lanes erf(Lanes x) { return ABAX_LEVEL::erf(x.r); }
};
using Floats = Lanes<F, M>;
using Integers = Lanes<I, MI>;

// The forms as functions over registers.

template <class Form>
struct Apply;
template <class Op>
struct Apply<Both<Op>> {
  static F apply(F a, F b) { return Op::forward(Floats(a), Floats(b)).r; }
};
template <class Op>
struct Apply<NumberRight<Op>> {
  static constexpr int constants = 1;
  static F apply(const float* c, F a) { return Op::forward(Floats(a), Floats(c[0])).r; }
};
template <class Op>
struct Apply<NumberLeft<Op>> {
  static constexpr int constants = 1;
  static F apply(const float* c, F b) { return Op::forward(Floats(c[0]), Floats(b)).r; }
};
template <class Op>
struct Apply<One<Op>> {
  static F apply(F x) { return Op::forward(Floats(x)).r; }
};
template <class Op>
struct Apply<OneWithRange<Op>> {
  static constexpr int constants = 2;
  static F apply(const float* c, F x) {
    return Op::forward(Floats(x), Floats(c[0]), Floats(c[1])).r;
  }
};

template <class Op>
struct OfIntegers {
  static I apply(I a, I b) { return Op::forward(Integers(a), Integers(b)).r; }
};
template <class Op>
struct CompareFloats {
  static M apply(F a, F b) { return Op::forward(Floats(a), Floats(b)); }
};
template <class Op>
struct CompareWithNumber {
  static constexpr int constants = 1;
  static M apply(const float* c, F a) { return Op::forward(Floats(a), Floats(c[0])); }
};
template <class Op>
struct CompareNumber {
  static constexpr int constants = 1;
  static M apply(const float* c, F b) { return Op::forward(Floats(c[0]), Floats(b)); }
};
template <class Op>
struct CompareIntegers {
  static MI apply(I a, I b) { return Op::forward(Integers(a), Integers(b)); }
};

/// Of f32 and, bit by bit the same, of i32.
struct SelectWords {
  static F apply(M condition, F a, F b) { return select(condition, a, b); }
};
struct SelectOrNumber {
  static constexpr int constants = 1;
  static F apply(const float* c, M condition, F a) { return select(condition, a, F(c[0])); }
};
struct SelectNumberOr {
  static constexpr int constants = 1;
  static F apply(const float* c, M condition, F b) { return select(condition, F(c[0]), b); }
};
struct SelectBytes {
  static Bytes apply(MI condition, Bytes a, Bytes b) {
    return {select(condition, a.value, b.value)};
  }
};

// Casts.

constexpr std::int32_t greatest_i32 = 2147483647;
constexpr std::int32_t least_i32 = -greatest_i32 - 1;

void convert(F x, F& y) { y = x; }
void convert(I x, F& y) { y = to_float(x); }
void convert(I x, I& y) { y = x; }
void convert(F x, I& y) {
  // What does not fit gives the least integer: then the sign says which end was meant.
  const F number = select(x == x, x, F(0.f));
  const I end = bits(select(number > F(0.f), from_bits(I(greatest_i32)), from_bits(I(least_i32))));
  const I inside = truncate_to_int(number);
  y = select(inside == I(least_i32), end, inside);
}
void convert(I x, Bytes& y) {
  const I raised = select(x < I(0), I(0), x);
  y = {select(raised > I(255), I(255), raised)};
}
void convert(F x, Bytes& y) {
  I integer;
  convert(x, integer);
  convert(integer, y);
}
template <class To>
void convert(Bytes x, To& y) {
  convert(x.value, y);
}

template <class From, class To>
struct Cast {
  static To apply(From x) {
    To y;
    convert(x, y);
    return y;
  }
};

// The table.

template <class Producer, class Consumer, int position>
constexpr TileFunction pair_of() {
  if constexpr (position < Consumer::arity)
    return tile<Then<Apply<Producer>, Apply<Consumer>, position>>;
  else
    return nullptr;
}

template <class... Ops>
constexpr void fill_forms(ElementwiseKernels& table, elementwise::List<Ops...>) {
  std::size_t i = 0;
  ((table.forms[i++] = tile<Apply<Ops>>), ...);
}
template <class Producer, class... Consumers>
constexpr void fill_pairs_of(TileFunction (*row)[2], elementwise::List<Consumers...>) {
  std::size_t i = 0;
  ((row[i][0] = pair_of<Producer, Consumers, 0>(), row[i++][1] = pair_of<Producer, Consumers, 1>()),
   ...);
}
template <class... Producers>
constexpr void fill_pairs(ElementwiseKernels& table, elementwise::List<Producers...>) {
  std::size_t i = 0;
  (fill_pairs_of<Producers>(table.pairs[i++], CheapForms{}), ...);
}
template <class... Ops>
constexpr void fill_integer(ElementwiseKernels& table, elementwise::List<Ops...>) {
  std::size_t i = 0;
  ((table.integer[i++] = tile<OfIntegers<Ops>>), ...);
}
template <class... Ops>
constexpr void fill_comparisons(ElementwiseKernels& table, elementwise::List<Ops...>) {
  std::size_t i = 0;
  ((table.comparisons[i++] = {tile<CompareFloats<Ops>>, tile<CompareWithNumber<Ops>>,
                              tile<CompareNumber<Ops>>, tile<CompareIntegers<Ops>>}),
   ...);
}

constexpr ElementwiseKernels make_table() {
  ElementwiseKernels table = {
      .forms = {},
      .pairs = {},
      .integer = {},
      .comparisons = {},
      .select = {tile<SelectWords>, tile<SelectBytes>, tile<SelectOrNumber>, tile<SelectNumberOr>},
      .cast = {{tile<Cast<F, F>>, tile<Cast<F, I>>, tile<Cast<F, Bytes>>},
               {tile<Cast<I, F>>, tile<Cast<I, I>>, tile<Cast<I, Bytes>>},
               {tile<Cast<Bytes, F>>, tile<Cast<Bytes, I>>, tile<Cast<Bytes, Bytes>>}},
  };
  fill_forms(table, elementwise::Forms{});
  fill_pairs(table, CheapForms{});
  fill_integer(table, elementwise::IntegerBinary{});
  fill_comparisons(table, elementwise::Comparisons{});
  return table;
}

}  // namespace

extern const ElementwiseKernels elementwise_kernels;
const ElementwiseKernels elementwise_kernels = make_table();

}  // namespace abax::ABAX_LEVEL
