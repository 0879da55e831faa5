// The kernels of test_kernels.h, compiled once a level.
#include "tests/base/test_kernels.h"

#include "core/base/simd_math.h"
#include "core/base/tile_kernels.h"

namespace abax::ABAX_LEVEL {
namespace {

struct Add {
  static F apply(F a, F b) { return a + b; }
};
struct Sub {
  static F apply(F a, F b) { return a - b; }
};
struct Mul {
  static F apply(F a, F b) { return a * b; }
};
struct Less {
  static M apply(F a, F b) { return a < b; }
};
struct Select {
  static F apply(M condition, F a, F b) { return select(condition, a, b); }
};
struct Scale {  // c0 x + c1
  static constexpr int constants = 2;
  static F apply(const float* c, F x) { return F(c[0]) * x + F(c[1]); }
};
struct Truncate {
  static I apply(F x) { return truncate_to_int(x); }
};
struct Invert {  // 255 - x, of bytes
  static Bytes apply(Bytes x) { return {I(255) - x.value}; }
};
struct Fma {
  static F apply(F a, F b, F c) { return fma(a, b, c); }
};
struct Fnma {
  static F apply(F a, F b, F c) { return fnma(a, b, c); }
};
struct Min {
  static F apply(F a, F b) { return min(a, b); }
};
struct Max {
  static F apply(F a, F b) { return max(a, b); }
};
struct Sqrt {
  static F apply(F x) { return sqrt(x); }
};
struct Abs {
  static F apply(F x) { return abs(x); }
};
struct Exp {
  static F apply(F x) { return exp(x); }
};
struct Log {
  static F apply(F x) { return log(x); }
};
struct Tanh {
  static F apply(F x) { return tanh(x); }
};
struct Sigmoid {
  static F apply(F x) { return sigmoid(x); }
};
struct Softplus {
  static F apply(F x) { return softplus(x); }
};
struct Erf {
  static F apply(F x) { return erf(x); }
};

}  // namespace

const TestKernels test_kernels{
    .add = tile<Add>,
    .sub = tile<Sub>,
    .mul = tile<Mul>,
    .less = tile<Less>,
    .select = tile<Select>,
    .scale = tile<Scale>,
    .truncate = tile<Truncate>,
    .invert = tile<Invert>,
    .add_mul = tile<Then<Add, Mul, 0>>,
    .mul_add = tile<Then<Mul, Add, 0>>,
    .add_mul_right = tile<Then<Add, Mul, 1>>,
    .scale_sub = tile<Then<Scale, Sub, 1>>,
    .less_select = tile<Then<Less, Select, 0>>,
    .width = width,
    .sum_lanes = [](const float* x) { return sum(load(x)); },
    .greatest_lane = [](const float* x) { return greatest(load(x)); },
    .fma = tile<Fma>,
    .fnma = tile<Fnma>,
    .min = tile<Min>,
    .max = tile<Max>,
    .sqrt = tile<Sqrt>,
    .abs = tile<Abs>,
    .exp = tile<Exp>,
    .log = tile<Log>,
    .tanh = tile<Tanh>,
    .sigmoid = tile<Sigmoid>,
    .softplus = tile<Softplus>,
    .erf = tile<Erf>,
};

}  // namespace abax::ABAX_LEVEL
