// Likelihoods of pixels against their definitions in double.
#include "models/layers/pixels.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "core/base/error.h"
#include "core/graph/sum.h"
#include "ops/elementwise.h"
#include "tests/models/check_gradients.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

using test::run;

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

double bernoulli_of(double x, double logit) {
  const double p = sigmoid_of(logit);
  return x * std::log(p) + (1 - x) * std::log(1 - p);
}

double gaussian_of(double x, double mean, double variance) {
  return std::log(std::exp(-(x - mean) * (x - mean) / (2 * variance)) /
                  std::sqrt(2 * std::numbers::pi * variance));
}

/// The probability of a level, from the distribution function alone.
double logistic_of(int level, double mean, double log_scale) {
  const auto below = [&](double edge) { return sigmoid_of((edge - mean) / std::exp(log_scale)); };
  const double x = 2 * level / 255. - 1;
  const double high = level == 255 ? 1 : below(x + 1 / 255.);
  const double low = level == 0 ? 0 : below(x - 1 / 255.);
  return high - low;
}

Tensor floats(const Shape& shape, std::uint64_t key, double low, double high) {
  Tensor result(shape);
  Random random(key);
  for (float& x : result.as<float>()) x = static_cast<float>(low + (high - low) * random.uniform());
  return result;
}

}  // namespace

TEST_CASE("pixels: Bernoulli and Gaussian log-likelihoods are sums over pixels of the definition") {
  for (const char* likelihood : {"bernoulli", "gaussian"}) {
    const Pixels config{.likelihood = likelihood, .variance = 0.07f};
    Variables store;
    Graph g(store, Mode::evaluate);
    const Tensor images = floats({2, 3, 5, 2}, 1, 0, 1),
                 parameters = floats({4, 2, 3, 5, 2}, 2, -3, 3);
    const Value p = g.input("parameters", parameters.shape()), x = g.input("x", images.shape());
    const Value value = pixel_log_likelihood(p, x, config);
    REQUIRE(value.shape() == Shape{4, 2});
    const auto got = run(value, {{"parameters", &parameters}, {"x", &images}});
    for (std::size_t row = 0; row < 8; ++row) {
      double expected = 0;
      for (std::size_t i = 0; i < 30; ++i) {
        const double parameter = parameters.as<float>()[row * 30 + i];
        const double pixel = images.as<float>()[row % 2 * 30 + i];
        expected += config.likelihood == "bernoulli"
                        ? bernoulli_of(pixel, parameter)
                        : gaussian_of(pixel, parameter + 0.5, config.variance);
      }
      CHECK(got[row] == doctest::Approx(expected).epsilon(1e-5));
    }
  }
}

TEST_CASE("pixels: the probabilities of the 256 levels of a logistic are right, and sum to 1") {
  const Pixels config{.likelihood = "logistic"};
  Tensor levels({256, 1, 1, 1});
  for (std::size_t i = 0; i < 256; ++i) levels.as<float>()[i] = static_cast<float>(i) / 255;
  for (const double mean : {-1.2, -1.0, -0.3, 0.0, 0.77, 1.5})
    for (const double log_scale : {-7.0, -5.0, -4.2, -2.0, 0.0, 3.0}) {
      CAPTURE(mean);
      CAPTURE(log_scale);
      Variables store;
      Graph g(store, Mode::evaluate);
      const Tensor parameters =
          Tensor::of<float>({1, 1, 2}, {static_cast<float>(mean), static_cast<float>(log_scale)});
      const Value value = pixel_log_likelihood(g.input("parameters", {1, 1, 2}),
                                               g.input("x", levels.shape()), config);
      const auto got = run(value, {{"parameters", &parameters}, {"x", &levels}});
      double total = 0;
      for (int level = 0; level < 256; ++level) {
        const double p = std::exp(double{got[static_cast<std::size_t>(level)]});
        total += p;
        CHECK(p == doctest::Approx(logistic_of(level, mean, log_scale)).epsilon(2e-3).scale(1e-9));
      }
      CHECK(total == doctest::Approx(1).epsilon(1e-4));
    }
}

TEST_CASE("pixels: far from the mean of a narrow logistic nothing is infinite, nor its gradient") {
  const Pixels config{.likelihood = "logistic"};
  const Tensor x = Tensor::of<float>({4, 1, 1, 1}, {0, 1, 0.5f, 0.25f});
  for (const float log_scale : {-40.f, -7.f, 9.f})
    for (const float mean : {-3.f, 3.f}) {
      Variables store;
      Graph g(store);
      const Value parameters = g.parameter("parameters", {1, 1, 2}, init::constant(0));
      g.variable(parameters).write().as<float>()[0] = mean;
      g.variable(parameters).write().as<float>()[1] = log_scale;
      const Value value = pixel_log_likelihood(parameters, g.input("x", x.shape()), config);
      for (const float nats : run(value, {{"x", &x}})) CHECK(std::isfinite(nats));
      const Value loss = value * g.constant(Tensor::of<float>({4}, {1, 2, 3, 4}));
      const Gradients slope = gradients_of({sum_to(loss, {}), g.constant(1)});
      for (const float nats : run(slope.sums[0], {{"x", &x}})) CHECK(std::isfinite(nats));
    }
}

TEST_CASE("pixels: gradients are slopes") {
  for (const char* likelihood : {"bernoulli", "gaussian", "logistic"}) {
    const Pixels config{.likelihood = likelihood};
    Variables store(4);
    Graph g(store);
    const Tensor images = floats({3, 2, 4, 3}, 5, 0, 1);
    const Value parameters =
        g.parameter("parameters", {3, 2, 4, 3 * pixel_outputs(config)}, init::normal(1));
    const Value value = pixel_log_likelihood(parameters, g.input("x", images.shape()), config);
    test::check_gradients({sum_to(value, {}), g.constant(3)}, {{"x", &images}});
  }
}

TEST_CASE("pixels: draws have the mean and the spread of their distribution") {
  constexpr std::int64_t rows = 20'000;
  for (const char* likelihood : {"bernoulli", "gaussian", "logistic"}) {
    const Pixels config{.likelihood = likelihood, .variance = 0.04f};
    Variables store;
    Graph g(store, Mode::evaluate);
    const int outputs = pixel_outputs(config);
    Tensor parameters({rows, 1, 1, outputs});
    for (std::size_t i = 0; i < parameters.as<float>().size(); ++i)
      parameters.as<float>()[i] = outputs == 2 && i % 2 == 1 ? -3.f : 0.2f;
    const Value input = g.input("parameters", parameters.shape());
    double mean = 0, square = 0;
    for (const float x : run(pixel_draw(input, config), {{"parameters", &parameters}})) {
      mean += x / double{rows}, square += double{x} * x / rows;
      if (outputs == 2) CHECK(std::abs(x * 255 - std::round(x * 255)) < 1e-4);
    }
    const double expected = config.likelihood == "bernoulli"  ? sigmoid_of(0.2)
                            : config.likelihood == "gaussian" ? 0.7
                                                              : 0.6;
    const double deviation = config.likelihood == "bernoulli" ? std::sqrt(expected * (1 - expected))
                             : config.likelihood == "gaussian"
                                 ? 0.2
                                 : std::exp(-3.) / 2 * std::numbers::pi / std::sqrt(3.);
    CHECK(std::abs(mean - expected) < 4.5 * deviation / std::sqrt(rows));
    CHECK(std::sqrt(square - mean * mean) == doctest::Approx(deviation).epsilon(0.03));
  }
}

TEST_CASE("pixels: means") {
  Variables store;
  Graph g(store, Mode::evaluate);
  const Tensor values = Tensor::of<float>({1, 1, 4}, {-1.5f, 0, 0.5f, 9});
  const Value parameters = g.input("parameters", values.shape());
  const auto mean = [&](const char* likelihood) {
    return run(pixel_mean(parameters, {.likelihood = likelihood}), {{"parameters", &values}});
  };
  CHECK(mean("bernoulli")[0] == doctest::Approx(sigmoid_of(-1.5)));
  CHECK(mean("gaussian") == std::vector<float>{-1, 0.5f, 1, 9.5f});
  CHECK(mean("logistic") == std::vector<float>{0, 0.5f});  // of -1.5 and 0; then the log scales
}

TEST_CASE("pixels: an unknown likelihood and parameters of another size are refused") {
  Variables store;
  Graph g(store);
  const Value images = g.input("x", {2, 3, 3, 1}), two = g.input("two", {2, 3, 3, 2});
  CHECK_THROWS_AS(pixel_outputs({.likelihood = "poisson"}), UsageError);
  CHECK_THROWS_AS(pixel_log_likelihood(images, images, {.likelihood = "logistic"}), ShapeError);
  CHECK_THROWS_AS(pixel_log_likelihood(two, images, {.likelihood = "bernoulli"}), ShapeError);
  CHECK_NOTHROW(pixel_log_likelihood(two, images, {.likelihood = "logistic"}));
}

}  // namespace abax
