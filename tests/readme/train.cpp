// Trains a model of one's own on arrays of one's own.
#include <abax/abax.h>
#include <cmath>
#include <iostream>

using namespace abax;

int main() {
  Tensor x({256, 1}), y({256, 1});  // the arrays: a wave, and where it is
  for (std::size_t i = 0; i < 256; ++i) {
    x.as<float>()[i] = static_cast<float>(i) / 128 - 1;
    y.as<float>()[i] = std::sin(4 * x.as<float>()[i]);
  }
  Variables store(/*seed=*/1);
  Graph g(store);
  const Value input = g.input("x", {256, 1});
  const Value target = g.input("y", {256, 1});
  const Value hidden = tanh(linear(input, 32, "hidden"));  // [256, 32]
  const Value output = linear(hidden, 1, "output");        // [256, 1]
  const Loss loss{sum(square(output - target)), g.constant(256)};
  optimise({.name = "adam"}, gradients_of(loss));

  Workers workers;  // a thread a core
  Execution step(compile(g, {loss.sum}), store, workers);
  step.set("x", x);
  step.set("y", y);
  step.set("learning_rate", 0.01f);
  for (int i = 0; i <= 500; ++i) {
    step.run();
    if (i % 100 == 0) std::cout << i << ": " << step.scalar(loss.sum) / 256 << '\n';
  }
}
