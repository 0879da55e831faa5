// What tests of quantisers share: one on random vectors, run step by step.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "models/latents/quantiser.h"
#include "tests/models/run_model.h"

namespace abax::test {

inline std::vector<double> as_doubles(TensorView tensor) {
  const auto copy = [](const auto& elements) {
    return std::vector<double>(elements.begin(), elements.end());
  };
  return tensor.type.dtype == f32 ? copy(tensor.as<float>()) : copy(tensor.as<std::int32_t>());
}
inline std::vector<double> as_doubles(const Tensor& tensor) { return as_doubles(tensor.view()); }

inline void check_near(const std::vector<double>& got, const std::vector<double>& expected,
                       double tolerance) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(got[i] - expected[i]) <= tolerance * (1 + std::abs(expected[i])));
  }
}

inline double most(const std::vector<double>& values) {
  double result = 0;
  for (const double x : values) result = std::max(result, std::abs(x));
  return result;
}

/// The first row of `rows` at the least distance from x.
inline std::int64_t nearest_row(const std::vector<double>& x, const std::vector<double>& rows) {
  double best = std::numeric_limits<double>::infinity();
  std::int64_t result = 0;
  for (std::size_t row = 0; row * x.size() < rows.size(); ++row) {
    double distance = 0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      const double d = x[k] - rows[row * x.size() + k];
      distance += d * d;
    }
    if (distance < best) best = distance, result = static_cast<std::int64_t>(row);
  }
  return result;
}

template <class F>
void set(Variables& store, const std::string& name, F f) {
  const auto values = store.at(name).write().as<float>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = f(i);
}

/// quantise() of n vectors "z" with "weights".
struct QuantiserBench {
  std::unique_ptr<Variables> own;
  Variables& store;
  Graph graph;
  Tensor z_values, weights;
  Value z;
  Quantised q;

  QuantiserBench(const Quantiser& c, std::int64_t n, std::vector<float> given = {},
                 Mode mode = Mode::train, Variables* shared = nullptr)
      : own(shared ? nullptr : std::make_unique<Variables>(4)),
        store(shared ? *shared : *own),
        graph(store, mode),
        z_values({n, quantised_width(c)}),
        weights({n}),
        z(graph.input("z", z_values.shape())),
        q(quantise(z, graph.input("weights", {n}), c)) {
    given.resize(static_cast<std::size_t>(n), 1.f);
    std::ranges::copy(given, weights.as<float>().begin());
    fill(1);
  }
  void fill(std::uint64_t key) {
    Random random(key);
    for (float& x : z_values.as<float>()) x = static_cast<float>(random.normal());
  }
  /// One run; the values' elements.
  std::vector<std::vector<double>> run(const std::vector<Value>& values) {
    Workers workers(2);
    Execution execution(compile(graph, values), store, workers);
    test::run(execution, {{"z", &z_values}, {"weights", &weights}});
    std::vector<std::vector<double>> results;
    for (const Value& value : values) results.push_back(as_doubles(execution.get(value)));
    return results;
  }
  std::vector<double> stored(const std::string& name) const {
    return as_doubles(store.at(name).value());
  }
};

}  // namespace abax::test
