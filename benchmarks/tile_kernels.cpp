// The kernels of tile_kernels.h, compiled once a level.
#include "benchmarks/tile_kernels.h"

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
struct Sigmoid {
  static F apply(F x) { return sigmoid(x); }
};
struct Tanh {
  static F apply(F x) { return tanh(x); }
};

void chain(const float* const* in, float* out, std::int64_t count) {
  const float *pa = in[0], *pb = in[1], *pc = in[2], *pd = in[3];
  for_each_vector(count, [&](std::int64_t i, auto lanes) {
    const F a = load(pa + i, lanes), b = load(pb + i, lanes), c = load(pc + i, lanes),
            d = load(pd + i, lanes);
    store(out + i, ((a * b + c) * d - a) * b + d, lanes);
  });
}

void cell(const float* const* in, float* const* out, std::int64_t count) {
  const float *pi = in[0], *pf = in[1], *pg = in[2], *po = in[3], *pc = in[4];
  float *to_c = out[0], *to_h = out[1];
  for_each_vector(count, [&](std::int64_t i, auto lanes) {
    const F c = sigmoid(load(pf + i, lanes)) * load(pc + i, lanes) +
                sigmoid(load(pi + i, lanes)) * tanh(load(pg + i, lanes));
    store(to_c + i, c, lanes);
    store(to_h + i, sigmoid(load(po + i, lanes)) * tanh(c), lanes);
  });
}

}  // namespace

const TileBenchmarkKernels tile_benchmark_kernels{
    .add = tile<Add>,
    .sub = tile<Sub>,
    .mul = tile<Mul>,
    .sigmoid = tile<Sigmoid>,
    .tanh = tile<Tanh>,
    .mul_add = tile<Then<Mul, Add, 0>>,
    .add_mul = tile<Then<Add, Mul, 0>>,
    .mul_sub = tile<Then<Mul, Sub, 0>>,
    .sub_mul = tile<Then<Sub, Mul, 0>>,
    .chain = chain,
    .cell = cell,
};

}  // namespace abax::ABAX_LEVEL
