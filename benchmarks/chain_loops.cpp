// Kernel source: chains of elementwise work as loops by hand.
#include "benchmarks/chain_loops.h"

#include "core/base/simd_math.h"

namespace abax::ABAX_LEVEL {
namespace {

template <class Body>
void loop(const float* a, const float* b, float* y, std::int64_t count, Body body) {
  for_each_vector(count, [&](std::int64_t i, auto lanes) {
    store(y + i, body(load(a + i, lanes), load(b + i, lanes)), lanes);
  });
}

void cheap(const float* a, const float* b, float* y, std::int64_t count) {
  loop(a, b, y, count, [](F p, F q) {
    const F x = (p * q + p) * F(2.f) - q;
    return select(x <= F(0.f), F(0.f), x);
  });
}

void gates(const float* a, const float* b, float* y, std::int64_t count) {
  loop(a, b, y, count, [](F p, F q) { return sigmoid(p) * tanh(q) + p * q; });
}

void update(const float* a, const float* b, float* y, std::int64_t count) {
  loop(a, b, y, count, [](F p, F q) { return p / (sqrt(q) + F(1e-8f)) * F(0.001f) + q * F(0.9f); });
}

}  // namespace

extern const ChainLoops chain_loops;
const ChainLoops chain_loops = {.cheap = cheap, .gates = gates, .update = update};

}  // namespace abax::ABAX_LEVEL
