// An op of one's own with SIMD at every level, checked and timed against the same out of others.
#include <abax/abax.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>

#include "swiglu.h"

using namespace abax;

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
