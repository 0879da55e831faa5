// Trains a model of one's own on arrays of one's own, and predicts on new ones.
#include <abax/abax.h>

#include <cmath>
#include <iostream>

using namespace abax;

Value network(Value x) {                               // x is [batch, 1]
  const Value hidden = tanh(linear(x, 32, "hidden"));  // [batch, 32]
  return linear(hidden, 1, "output");                  // [batch, 1]
}

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
  const Loss loss = mse(network(input), target);
  optimise({.name = "adam"}, gradients_of(loss));

  Workers workers;  // a thread a core
  Execution step(compile(g, {loss.sum, loss.count}), store, workers);
  step.set(input, x);
  step.set(target, y);
  step.set("learning_rate", 0.01f);
  for (int i = 0; i <= 500; ++i) {
    step.run();
    if (i % 100 == 0) std::cout << i << ": " << step.mean(loss) << '\n';
  }

  Predictor predict(store, workers, network);  // of any number of rows
  std::cout << predict(Tensor::of<float>({3, 1}, {-0.5f, 0.f, 0.5f})) << '\n';
}
