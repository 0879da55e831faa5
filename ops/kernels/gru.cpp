// GRU time steps: the recurrent product of some units, and their gates while it is in the cache.
#include "ops/kernels/gru.h"

#include "core/base/simd_math.h"
#include "ops/kernels/recurrent_step.h"

namespace abax::ABAX_LEVEL {
namespace {

// A block is three panels: r, z and n of the same units.
void pack_forward(const float* weight, std::int64_t hidden, std::int64_t first, std::int64_t last,
                  float* packed) {
  for (std::int64_t block = first; block < last; ++block)
    for (std::int64_t gate = 0; gate < 3; ++gate)
      gemm_kernels.pack_b({weight + gate * hidden, 3 * hidden, 1}, hidden, hidden, block, block + 1,
                          packed + (3 * block + gate) * hidden * panel);
}

void pack_backward(const float* weight, std::int64_t hidden, std::int64_t first, std::int64_t last,
                   float* packed) {
  const MatrixView transposed{weight, 1, 3 * hidden};  // [3 hidden, hidden]
  gemm_kernels.pack_b(transposed, 3 * hidden, hidden, first, last,
                      packed + first * 3 * hidden * panel);
}

/// Calls body(begin, end) with the units of each block.
template <class Body>
void for_blocks(std::int64_t first, std::int64_t last, std::int64_t hidden, Body body) {
  for (std::int64_t begin = first * panel; begin < least(last * panel, hidden); begin += panel)
    body(begin, least(begin + panel, hidden));
}

// Cho et al. 2014, with the reset gate after the recurrent product as in PyTorch and cuDNN:
// r, z = sigmoid(.), n = tanh(x W + b + r * (h U + c)), h = (1 - z) * n + z * h.
template <class Lanes>
void gates(const GruStep& s, std::int64_t unit, const float* product, Lanes lanes) {
  const std::int64_t hidden = s.hidden;
  for (std::int64_t row = 0; row < s.batch; ++row, product += 3 * panel) {
    const std::int64_t length = length_of(s.lengths, row, s.time);
    const std::int64_t at = row * hidden + unit, gate = row * 4 * hidden + unit;
    F r(0.f), z(0.f), n(0.f), inner(0.f), h(0.f);  // what padding gets
    if (s.t < length) {
      const float* pre = s.pre + row * 3 * hidden + unit;
      r = sigmoid(load(pre, lanes) + load(product));
      z = sigmoid(load(pre + hidden, lanes) + load(product + panel));
      inner = load(product + 2 * panel) + load(s.bias + unit, lanes);
      n = tanh(fma(r, inner, load(pre + 2 * hidden, lanes)));
      h = fma(z, load(s.h + at, lanes) - n, n);
    }
    store(s.gates + gate, r, lanes);
    store(s.gates + gate + hidden, z, lanes);
    store(s.gates + gate + 2 * hidden, n, lanes);
    store(s.gates + gate + 3 * hidden, inner, lanes);
    store(s.y + at, h, lanes);
    if (s.t + 1 == length) store(s.last_h + at, h, lanes);
  }
}

void step(const GruStep& s, std::int64_t first, std::int64_t last, float* product) {
  for_blocks(first, last, s.hidden, [&](std::int64_t begin, std::int64_t end) {
    multiply(s.batch, 3 * panel, s.hidden, {s.h, s.hidden, 1}, s.weight + begin * 3 * s.hidden,
             product, 3 * panel);
    for_units(begin, end, [&](std::int64_t unit, auto lanes) {
      gates(s, unit, product + (unit - begin), lanes);
    });
  });
}

/// product [batch, panel]: what flows back to h through the weights.
void product_of_next(const GruBackStep& s, std::int64_t begin, std::int64_t end, float* product) {
  if (s.next)
    multiply(s.batch, end - begin, 3 * s.hidden, {s.next, 3 * s.hidden, 1},
             s.weight + begin * 3 * s.hidden, product, panel);
}

template <class Lanes>
void gates_back(const GruBackStep& s, std::int64_t unit, const float* product, Lanes lanes) {
  const std::int64_t hidden = s.hidden;
  const F one(1.f);
  for (std::int64_t row = 0; row < s.batch; ++row, product += panel) {
    const std::int64_t length = length_of(s.lengths, row, s.time);
    const std::int64_t at = row * hidden + unit, sums = row * 3 * hidden + unit;
    F dr(0.f), dz(0.f), dn(0.f), dinner(0.f);  // of the sums before sigmoid and tanh
    if (s.t < length) {
      const float* from = s.gates + row * 4 * hidden + unit;
      const F r = load(from, lanes), z = load(from + hidden, lanes);
      const F n = load(from + 2 * hidden, lanes), inner = load(from + 3 * hidden, lanes);
      const F later = s.t + 1 == length ? load_or_zero(s.dlast_h, at, lanes)
                                        : load(s.carry + at, lanes) + load(product, lanes);
      const F dh = load_or_zero(s.dy, at, lanes) + later;
      dz = dh * (load(s.h + at, lanes) - n) * (z * (one - z));
      dn = dh * (one - z) * (one - n * n);
      dr = dn * inner * (r * (one - r));
      dinner = dn * r;
      store(s.carry + at, dh * z, lanes);
    }
    for (float* to : {s.dpre, s.dproduct}) {
      store(to + sums, dr, lanes);
      store(to + sums + hidden, dz, lanes);
    }
    store(s.dpre + sums + 2 * hidden, dn, lanes);
    store(s.dproduct + sums + 2 * hidden, dinner, lanes);
  }
}

void back_step(const GruBackStep& s, std::int64_t first, std::int64_t last, float* product) {
  for_blocks(first, last, s.hidden, [&](std::int64_t begin, std::int64_t end) {
    product_of_next(s, begin, end, product);
    for_units(begin, end, [&](std::int64_t unit, auto lanes) {
      gates_back(s, unit, product + (unit - begin), lanes);
    });
  });
}

void back_start(const GruBackStep& s, std::int64_t first, std::int64_t last, float* product,
                float* dh0) {
  for_blocks(first, last, s.hidden, [&](std::int64_t begin, std::int64_t end) {
    product_of_next(s, begin, end, product);
    for (std::int64_t row = 0; row < s.batch; ++row) {
      const bool empty = length_of(s.lengths, row, s.time) == 0;
      for_units(begin, end, [&](std::int64_t unit, auto lanes) {
        const std::int64_t at = row * s.hidden + unit;
        const F dh =
            empty ? load_or_zero(s.dlast_h, at, lanes)
                  : load(s.carry + at, lanes) + load(product + row * panel + unit - begin, lanes);
        store(dh0 + at, dh, lanes);
      });
    }
  });
}

}  // namespace

extern const GruKernels gru_kernels;
const GruKernels gru_kernels = {panel, pack_forward, pack_backward, step, back_step, back_start};

}  // namespace abax::ABAX_LEVEL
