// An op of one's own with SIMD at every level, checked and timed against the same out of others.
#include <abax/abax.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <iostream>

#include "kernels.h"

using namespace abax;

namespace my {

constexpr std::int64_t part = 32768;  // elements a thread takes at a time

SwigluKernels kernels_of(Level level) {
  return at_level(level, sse2::swiglu_kernels, avx2::swiglu_kernels, avx512::swiglu_kernels);
}

/// Inputs a, b, dy; outputs da, db: both in one pass over memory.
class SwigluGradient : public Op {
 public:
  std::string_view name() const override { return "my_swiglu_gradient"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0], inputs[1]};
  }
  bool may_overwrite(int, int) const override { return true; }  // an element is read, then written
  Kernel compile(const Signature& signature) const override {
    const SwigluKernels kernels = kernels_of(signature.level);
    const std::int64_t size = signature.inputs[0].size();
    return {[=](const Call& call) {
      call.loop((size + part - 1) / part, [&](std::int64_t i) {
        const std::int64_t at = i * part;
        kernels.gradient(call.in<float>(0) + at, call.in<float>(1) + at, call.in<float>(2) + at,
                         call.out<float>(0) + at, call.out<float>(1) + at,
                         std::min(part, size - at));
      });
    }};
  }
};

std::vector<Value> gradient(const Vjp& vjp, const ElementwiseOp::Constants&) {
  const Value y = vjp.outputs[0];
  return y.graph().add(std::make_shared<SwigluGradient>(),
                       std::array{vjp.inputs[0], vjp.inputs[1], vjp.gradients[0]},
                       y.graph().node(y.node()).where);
}

const TileOp tile_op{.name = "my_swiglu",
                     .arity = 2,
                     .functions = {sse2::swiglu_kernels.forward, avx2::swiglu_kernels.forward,
                                   avx512::swiglu_kernels.forward},
                     .flops = 22};

/// a sigmoid(a) b (Shazeer 2020, "GLU variants improve Transformer", eq. 6): f32 of one shape. As
/// an elementwise op it joins chains of others and the ends of products.
Value swiglu(Operand a, Operand b) {
  const Value gate = a.value();
  return gate.graph().add_one(std::make_shared<ElementwiseOp>(tile_op, gradient), {gate, b.value()},
                              a.where());
}

}  // namespace my

/// What it is measured against.
Value of_others(Operand a, Operand b) { return a * sigmoid(a) * b; }

/// Value and gradients of an op, ready to run.
struct Candidate {
  Candidate(Value (*op)(Operand, Operand), const std::vector<Tensor>& data, Workers& workers) {
    const Value a = g.input("a", data[0].shape()), b = g.input("b", data[1].shape());
    const Value y = op(a, b);
    results = gradients(sum(square(sum(y, 0))), {a, b});
    results.push_back(y);
    step = std::make_unique<Execution>(compile(g, results), store, workers);
    step->set("a", data[0]);
    step->set("b", data[1]);
  }
  void run() {
    const auto start = std::chrono::steady_clock::now();
    step->run();
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - start;
    times.push_back(taken.count());
  }
  double median() {  // milliseconds
    std::ranges::sort(times);
    return times[times.size() / 2];
  }

  Variables store;
  Graph g{store};
  std::vector<Value> results;
  std::unique_ptr<Execution> step;
  std::vector<double> times;
};

bool close(const Candidate& x, const Candidate& y) {
  for (std::size_t i = 0; i < x.results.size(); ++i) {
    const auto got = x.step->get(x.results[i]).as<float>();
    const auto expected = y.step->get(y.results[i]).as<float>();
    for (std::size_t j = 0; j < got.size(); ++j)
      if (!(std::abs(got[j] - expected[j]) <= 1e-4f * (1 + std::abs(expected[j])))) {
        std::cout << "result " << i << " differs at " << j << ": " << got[j] << ", not "
                  << expected[j] << '\n';
        return false;
      }
  }
  return true;
}

int main() {
  Workers workers(1);
  Random random(/*key=*/1);
  for (const std::int64_t rows : {256, 4096}) {  // in the cache, and beyond
    std::vector<Tensor> data;
    for (int i = 0; i < 2; ++i) {
      data.emplace_back(Shape{rows, 512});
      for (float& x : data.back().as<float>()) x = static_cast<float>(random.normal());
    }
    Candidate own(my::swiglu, data, workers), ours(abax::swiglu, data, workers),
        others(of_others, data, workers);
    for (int i = 0; i < 30; ++i)  // in turns, so that all see the same machine
      for (Candidate* candidate : {&own, &ours, &others}) candidate->run();
    if (!close(own, others) || !close(ours, others)) return 1;
    std::cout << name_of(default_level()) << ", " << my::kernels_of(default_level()).width
              << " floats at a time, " << rows << " rows: " << own.median() << " ms; the library's "
              << ours.median() << " ms; out of other ops " << others.median() << " ms\n";
  }
}
