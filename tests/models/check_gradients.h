// Gradients of a whole model against central differences of its loss.
#pragma once

#include <doctest/doctest.h>

#include <cmath>

#include "models/training/optimiser.h"
#include "tests/models/run_model.h"

namespace abax::test {

/// For each parameter of the loss's graph: the gradient's norm is the slope of the loss along the
/// gradient. `inputs` are all that the loss reads; random numbers are the same in all runs.
inline void check_gradients(const Loss& loss, const Inputs& inputs) {
  Graph& g = loss.sum.graph();
  Variables& store = g.store();
  const Gradients gradients = gradients_of(loss);
  Workers workers(1);
  std::vector<Value> outputs = gradients.sums;
  outputs.push_back(loss.sum);
  Execution execution(compile(g, outputs), store, workers);
  const auto run_again = [&] {
    store.runs(g.label()) = 0;
    run(execution, inputs);
  };
  run_again();
  std::vector<std::vector<float>> slopes;
  for (const Value& gradient : gradients.sums) {
    const auto elements = execution.get(gradient).as<float>();
    slopes.emplace_back(elements.begin(), elements.end());
  }
  for (std::size_t p = 0; p < slopes.size(); ++p) {
    Variable& variable = g.variable(gradients.parameters[p]);
    const std::vector<float>& slope = slopes[p];
    double square = 0;
    for (const float x : slope) square += double{x} * x;
    const double norm = std::sqrt(square);
    const auto known = variable.value().as<float>();
    const std::vector<float> before(known.begin(), known.end());
    const double step = 3e-3;
    const auto loss_at = [&](double distance) {
      const auto weights = variable.write().as<float>();
      for (std::size_t i = 0; i < weights.size(); ++i)
        weights[i] = static_cast<float>(before[i] + distance * slope[i] / std::max(norm, 1e-9));
      run_again();
      return double{execution.scalar(loss.sum)};
    };
    const double measured = (loss_at(step) - loss_at(-step)) / (2 * step);
    loss_at(0);
    CAPTURE(variable.name);
    CHECK(measured == doctest::Approx(norm).epsilon(0.01).scale(0.1));
  }
}

}  // namespace abax::test
