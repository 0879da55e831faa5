// LSTM time steps: the recurrent product of some units, and their gates while it is in the cache.
#include "ops/kernels/recurrent.h"

#include "core/base/simd_math.h"
#include "ops/kernels/recurrent_step.h"

namespace abax::ABAX_LEVEL {
namespace {

// A block is two panels: i and f of `width` units, then g and o of the same.
void pack_forward(const float* weight, std::int64_t hidden, std::int64_t first, std::int64_t last,
                  float* packed) {
  for_units(first * width, least(last * width, hidden), [&](std::int64_t unit, auto lanes) {
    for (std::int64_t pair = 0; pair < 2; ++pair) {
      float* to = packed + (unit * 4 + pair * panel) * hidden;
      const float* from = weight + 2 * pair * hidden + unit;
      for (std::int64_t p = 0; p < hidden; ++p, from += 4 * hidden, to += panel) {
        store(to, load(from, lanes));
        store(to + width, load(from + hidden, lanes));
      }
    }
  });
}

void pack_backward(const float* weight, std::int64_t hidden, std::int64_t first, std::int64_t last,
                   float* packed) {
  const MatrixView transposed{weight, 1, 4 * hidden};  // [4 hidden, hidden]
  gemm_kernels.pack_b(transposed, 4 * hidden, hidden, first, last,
                      packed + first * 4 * hidden * panel);
}

// Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000:
// i, f, o = sigmoid(.), g = tanh(.), c = f * c + i * g, h = o * tanh(c).
template <class Lanes>
void gates(const LstmStep& s, std::int64_t unit, const float* product, Lanes lanes) {
  const std::int64_t hidden = s.hidden;
  for (std::int64_t row = 0; row < s.batch; ++row, product += 4 * width) {
    const std::int64_t length = length_of(s.lengths, row, s.time);
    const std::int64_t at = row * hidden + unit, gate = row * 4 * hidden + unit;
    F i(0.f), f(0.f), g(0.f), o(0.f), c(0.f), h(0.f);  // what padding gets
    if (s.t < length) {
      const float* pre = s.pre + gate;
      i = sigmoid(load(pre, lanes) + load(product));
      f = sigmoid(load(pre + hidden, lanes) + load(product + width));
      g = tanh(load(pre + 2 * hidden, lanes) + load(product + 2 * width));
      o = sigmoid(load(pre + 3 * hidden, lanes) + load(product + 3 * width));
      c = fma(f, load(s.c + at, lanes), i * g);
      h = o * tanh(c);
    }
    float* to = s.gates + gate;
    store(to, i, lanes);
    store(to + hidden, f, lanes);
    store(to + 2 * hidden, g, lanes);
    store(to + 3 * hidden, o, lanes);
    store(s.cells + at, c, lanes);
    store(s.y + at, h, lanes);
    if (s.y_copy) store(s.y_copy + row * s.copy_stride + unit, h, lanes);
    if (s.t + 1 == length) {
      store(s.last_h + at, h, lanes);
      store(s.last_c + at, c, lanes);
    }
  }
}

void step(const LstmStep& s, std::int64_t first, std::int64_t last, float* product) {
  for_units(first * width, least(last * width, s.hidden), [&](std::int64_t unit, auto lanes) {
    multiply(s.batch, 4 * width, s.hidden, {s.h, s.h_stride, 1}, s.weight + unit * 4 * s.hidden,
             product, 4 * width);
    gates(s, unit, product, lanes);
  });
}

/// product [batch, panel] = dpre of the next step times the transposed weights: what flows back to
/// h.
void product_of_next(const LstmBackStep& s, std::int64_t begin, std::int64_t end, float* product) {
  if (s.next)
    multiply(s.batch, end - begin, 4 * s.hidden, {s.next, s.next_stride, 1},
             s.weight + begin * 4 * s.hidden, product, panel);
}

template <class Lanes>
void gates_back(const LstmBackStep& s, std::int64_t unit, const float* product, Lanes lanes) {
  const std::int64_t hidden = s.hidden;
  const F one(1.f);
  for (std::int64_t row = 0; row < s.batch; ++row, product += panel) {
    const std::int64_t length = length_of(s.lengths, row, s.time);
    const std::int64_t at = row * hidden + unit, gate = row * 4 * hidden + unit;
    F di(0.f), df(0.f), dg(0.f), d_o(0.f);  // of the sums before sigmoid and tanh
    if (s.t < length) {
      const float* from = s.gates + gate;
      const F i = load(from, lanes), f = load(from + hidden, lanes);
      const F g = load(from + 2 * hidden, lanes), o = load(from + 3 * hidden, lanes);
      const bool ends = s.t + 1 == length;
      const F dh = load_or_zero(s.dy, at, lanes) +
                   (ends ? load_or_zero(s.dlast_h, at, lanes) : load(product, lanes));
      const F squashed = tanh(load(s.cells + at, lanes));
      const F dc = fma(dh * o, one - squashed * squashed,
                       ends ? load_or_zero(s.dlast_c, at, lanes) : load(s.dc + at, lanes));
      di = dc * g * (i * (one - i));
      df = dc * load(s.c + at, lanes) * (f * (one - f));
      dg = dc * i * (one - g * g);
      d_o = dh * squashed * (o * (one - o));
      store(s.dc + at, dc * f, lanes);
    }
    const auto store_gates = [&](float* to) {
      store(to, di, lanes);
      store(to + hidden, df, lanes);
      store(to + 2 * hidden, dg, lanes);
      store(to + 3 * hidden, d_o, lanes);
    };
    store_gates(s.dpre + gate);
    if (s.dpre_copy) store_gates(s.dpre_copy + row * s.copy_stride + unit);
  }
}

void back_step(const LstmBackStep& s, std::int64_t first, std::int64_t last, float* product) {
  for (std::int64_t begin = first * panel; begin < least(last * panel, s.hidden); begin += panel) {
    const std::int64_t end = least(begin + panel, s.hidden);
    product_of_next(s, begin, end, product);
    for_units(begin, end, [&](std::int64_t unit, auto lanes) {
      gates_back(s, unit, product + (unit - begin), lanes);
    });
  }
}

void back_start(const LstmBackStep& s, std::int64_t first, std::int64_t last, float* product,
                float* dh0, float* dc0) {
  for (std::int64_t begin = first * panel; begin < least(last * panel, s.hidden); begin += panel) {
    const std::int64_t end = least(begin + panel, s.hidden);
    product_of_next(s, begin, end, product);
    for (std::int64_t row = 0; row < s.batch; ++row) {
      const bool empty = length_of(s.lengths, row, s.time) == 0;
      for_units(begin, end, [&](std::int64_t unit, auto lanes) {
        const std::int64_t at = row * s.hidden + unit;
        const F dh = empty ? load_or_zero(s.dlast_h, at, lanes)
                           : load(product + row * panel + unit - begin, lanes);
        const F dc = empty ? load_or_zero(s.dlast_c, at, lanes) : load(s.dc + at, lanes);
        store(dh0 + at, dh, lanes);
        store(dc0 + at, dc, lanes);
      });
    }
  }
}

}  // namespace

extern const RecurrentKernels recurrent_kernels;
const RecurrentKernels recurrent_kernels = {width, panel,     pack_forward, pack_backward,
                                            step,  back_step, back_start};

}  // namespace abax::ABAX_LEVEL
