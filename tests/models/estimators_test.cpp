// Estimators of gradients through categorical samples, against sums over all states in double.
#include "models/latents/estimators.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/graph/gradients.h"
#include "models/layers/conditionals.h"
#include "ops/elementwise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "tests/graph/refusal.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

using test::run;

// Two variables of three values: nine states. f(z) is a square of a linear function, and so of
// second order, and a part of the logarithm of q(z), whose gradient comes by the path.
constexpr std::size_t latents = 2, categories = 3, size = latents * categories;
using Logits = std::array<double, size>;
constexpr Logits theta{0.3, -0.8, 0.5, 1.1, 0.2, -0.6}, slope{1.5, -0.4, 0.2, 0.9, -1.1, 0.7};

double log_q(const Logits& logits, std::size_t first, std::size_t second) {
  const std::array<std::size_t, 2> state{first, second};
  double result = 0;
  for (std::size_t k = 0; k < latents; ++k) {
    double total = 0;
    for (std::size_t n = 0; n < categories; ++n) total += std::exp(logits[k * categories + n]);
    result += logits[k * categories + state[k]] - std::log(total);
  }
  return result;
}

/// What f is without its logarithm of q.
double fixed(std::size_t first, std::size_t second) {
  const double linear = slope[first] + slope[categories + second] + 0.5;
  return linear * linear + 4;
}

/// The gradient of `objective` at theta by central differences.
Logits slopes(const std::function<double(const Logits&)>& objective) {
  Logits result;
  for (std::size_t i = 0; i < size; ++i) {
    Logits high = theta, low = theta;
    high[i] += 1e-4, low[i] -= 1e-4;
    result[i] = (objective(high) - objective(low)) / 2e-4;
  }
  return result;
}

double expected_f(const Logits& logits) {
  double total = 0;
  for (std::size_t a = 0; a < categories; ++a)
    for (std::size_t b = 0; b < categories; ++b) {
      const double l = log_q(logits, a, b);
      total += std::exp(l) * (fixed(a, b) - 0.3 * l);
    }
  return total;
}

/// E of log((w1 + w2) / 2) with log w = fixed / 4 - 0.3 log q.
double expected_bound(const Logits& logits) {
  double total = 0;
  for (std::size_t i = 0; i < 9; ++i)
    for (std::size_t j = 0; j < 9; ++j) {
      const double qi = log_q(logits, i / 3, i % 3), qj = log_q(logits, j / 3, j % 3);
      const double wi = std::exp(fixed(i / 3, i % 3) / 4 - 0.3 * qi);
      const double wj = std::exp(fixed(j / 3, j % 3) / 4 - 0.3 * qj);
      total += std::exp(qi + qj) * std::log((wi + wj) / 2);
    }
  return total;
}

/// theta for each of `batch` rows, so that one run gives as many independent gradients.
struct Problem {
  explicit Problem(std::int64_t batch)
      : logits(graph.parameter("logits", {batch, 2, 3}, {[](Tensor& t, Random&) {
                                 for (std::size_t i = 0; i < t.as<float>().size(); ++i)
                                   t.as<float>()[i] = static_cast<float>(theta[i % size]);
                               }})) {}

  /// [.., batch].
  Value fixed_of(Value z) {
    Tensor weights({2, 3});
    for (std::size_t i = 0; i < size; ++i) weights.as<float>()[i] = static_cast<float>(slope[i]);
    return square(sum(z * graph.constant(std::move(weights)), {-2, -1}) + 0.5) + 4;
  }
  Value noise(std::int64_t samples) {
    return random_gumbel(graph, {samples, logits.shape()[0], 2, 3});
  }
  Value sample(const char* estimator, std::int64_t samples, float temperature = 1) {
    return sampled(estimator, logits, noise(samples), graph.constant(temperature));
  }

  Variables store{7};
  Graph graph{store};
  Value logits;
};

struct Estimate {
  Logits mean{}, error{};
  double value = 0, value_error = 0;
  /// The greatest distance from `exact` in standard errors.
  double deviations(const Logits& exact) const {
    double most = 0;
    for (std::size_t i = 0; i < size; ++i)
      most = std::max(most, std::abs(mean[i] - exact[i]) / (error[i] + 1e-6));
    return most;
  }
  double distance(const Logits& exact) const {
    double square = 0;
    for (std::size_t i = 0; i < size; ++i) square += (mean[i] - exact[i]) * (mean[i] - exact[i]);
    return std::sqrt(square);
  }
};

/// Mean and standard error of the rows of the objective [batch] and of its gradient.
Estimate estimate(const Problem& problem, Value objective) {
  const Value gradient = gradients(sum(objective), {problem.logits}).front();
  Workers workers(1);
  Execution execution(compile(problem.graph, {objective, gradient}), problem.graph.store(),
                      workers);
  execution.run();
  const auto rows = execution.get(gradient).as<float>(),
             values = execution.get(objective).as<float>();
  const auto count = static_cast<double>(values.size());
  const auto moments = [&](std::size_t first, std::size_t step, auto data) {
    double mean = 0, square = 0;
    for (std::size_t i = first; i < data.size(); i += step) mean += data[i] / count;
    for (std::size_t i = first; i < data.size(); i += step)
      square += (data[i] - mean) * (data[i] - mean) / count;
    return std::pair(mean, std::sqrt(square / count));
  };
  Estimate result;
  for (std::size_t i = 0; i < size; ++i)
    std::tie(result.mean[i], result.error[i]) = moments(i, size, rows);
  std::tie(result.value, result.value_error) = moments(0, 1, values);
  return result;
}

constexpr std::int64_t rows = 40'000;

Value f_of(Problem& problem, Value z) {
  return problem.fixed_of(z) - 0.3 * log_probability(problem.logits, z);
}

}  // namespace

TEST_CASE("estimators: the score's gradients have the exact one for their mean, and f's value") {
  const Logits exact = slopes(expected_f);
  for (const char* name : {"none", "constant", "rloo", "nvil"}) {
    CAPTURE(name);
    Problem p(rows);
    const Value z = p.sample("rloo", 3);  // [3, rows, 2, 3]
    const Value f = f_of(p, z), log_q = log_probability(p.logits, z);
    Value scored;
    if (name == std::string("none")) scored = with_score(f, log_q, p.graph.constant(0));
    if (name == std::string("constant")) scored = with_score(f, log_q, p.graph.constant(5));
    if (name == std::string("rloo")) scored = leave_one_out(f, log_q);
    if (name == std::string("nvil")) {
      // A baseline that differs from row to row, as it does of items.
      const Value input = 3 * random_normal(p.graph, {rows, 4});
      const Value weights = p.graph.constant(1) + p.graph.constant(Tensor({rows}));
      const LearnedBaseline baseline = learned_baseline(input, f, weights, "baseline");
      const auto predicted = run(baseline.prediction, {});
      CHECK(*std::ranges::max_element(predicted) - *std::ranges::min_element(predicted) > 1);
      scored = with_score(f, log_q, baseline.prediction) + baseline.loss;
    }
    const Estimate got = estimate(p, mean(scored, {0}));
    CHECK(got.deviations(exact) < 4.5);
    CHECK(std::abs(got.value - expected_f(theta)) < 4.5 * got.value_error);
  }
}

TEST_CASE("estimators: a baseline of the others' mean lowers the variance") {
  Problem p(rows);
  const Value z = p.sample("rloo", 3), f = f_of(p, z), log_q = log_probability(p.logits, z);
  const Estimate plain = estimate(p, mean(with_score(f, log_q, p.graph.constant(0)), {0}));
  const Estimate better = estimate(p, mean(leave_one_out(f, log_q), {0}));
  for (std::size_t i = 0; i < size; ++i) CHECK(better.error[i] < 0.7 * plain.error[i]);
}

TEST_CASE("estimators: what multiplies the score is what f has above the others' mean") {
  Variables store;
  Graph g(store);
  const Value f = g.constant(Tensor::of<float>({3, 1}, {1, 2, 6}));
  const Value log_q = g.parameter("log_q", {3, 1}, init::constant(-1));
  const std::vector<float> signal{-3, -1.5f, 4.5f};
  CHECK(run(gradients(sum(leave_one_out(f, log_q)), {log_q}).front(), {}) == signal);
  CHECK(run(leave_one_out(f, log_q), {}) == std::vector<float>{1, 2, 6});
  // The bound of weights e, e^2, e^6 and that with one of them replaced, e^4, e^3.5, e^1.5.
  const auto learnt = run(gradients(multi_sample_bound(f, log_q), {log_q}).front(), {});
  const auto bound = [](double a, double b, double c) {
    return std::log((std::exp(a) + std::exp(b) + std::exp(c)) / 3);
  };
  CHECK(learnt[0] == doctest::Approx(bound(1, 2, 6) - bound(4, 2, 6)));
  CHECK(learnt[1] == doctest::Approx(bound(1, 2, 6) - bound(1, 3.5, 6)));
  CHECK(learnt[2] == doctest::Approx(bound(1, 2, 6) - bound(1, 2, 1.5)));
}

TEST_CASE("estimators: VIMCO has the exact gradient of the bound of two samples for its mean") {
  Problem p(rows);
  const Value z = p.sample("rloo", 2), log_q = log_probability(p.logits, z);
  const Estimate got = estimate(p, multi_sample_bound(p.fixed_of(z) / 4 - 0.3 * log_q, log_q));
  CHECK(got.deviations(slopes(expected_bound)) < 4.5);
  CHECK(std::abs(got.value - expected_bound(theta)) < 4.5 * got.value_error);
}

TEST_CASE("estimators: ReinMax is right of functions of second order, straight-through is not") {
  const Logits exact = slopes([](const Logits& logits) {
    double total = 0;
    for (std::size_t i = 0; i < 9; ++i)
      total += std::exp(log_q(logits, i / 3, i % 3)) * fixed(i / 3, i % 3);
    return total;
  });
  Problem p(rows);
  const Estimate reinmax = estimate(p, mean(p.fixed_of(p.sample("reinmax", 1)), {0}));
  CHECK(reinmax.deviations(exact) < 4.5);
  const Estimate straight =
      estimate(p, mean(p.fixed_of(p.sample("straight-through", 1, 0.5f)), {0}));
  CHECK(straight.deviations(exact) > 10);
  CHECK(std::abs(straight.value - reinmax.value) <
        4.5 * (straight.value_error + reinmax.value_error));
  // A relaxed sample's value is another function's: its bias shows in the value already.
  const Estimate relaxed = estimate(p, mean(p.fixed_of(p.sample("gumbel", 1)), {0}));
  CHECK(std::abs(relaxed.value - reinmax.value) > 10 * relaxed.value_error);
  CHECK(relaxed.deviations(exact) > 10);
  // It shrinks with the temperature.
  const Estimate cold = estimate(p, mean(p.fixed_of(p.sample("gumbel", 1, 0.1f)), {0}));
  CHECK(cold.distance(exact) < 0.3 * relaxed.distance(exact));
}

TEST_CASE("estimators: hard samples are one-hot with the probabilities of the logits") {
  Problem p(rows);
  for (const char* name : {"straight-through", "reinmax", "nvil"}) {
    const auto z = run(p.sample(name, 1, 0.7f), {});
    std::array<double, size> share{};
    for (std::size_t i = 0; i < z.size(); ++i) {
      if (z[i] != 0) REQUIRE(z[i] == doctest::Approx(1));
      share[i % size] += z[i] / rows;
    }
    for (std::size_t first = 0; first < 3; ++first) {
      double expected = 0;
      for (std::size_t second = 0; second < 3; ++second)
        expected += std::exp(log_q(theta, first, second));
      CHECK(share[first] == doctest::Approx(expected).epsilon(0.03));
    }
  }
}

TEST_CASE("estimators: the learned baseline follows f, and its gradient is its own error's") {
  Variables store(1);
  Graph g(store);
  const Value x = g.constant(Tensor::of<float>({4, 1}, {-1, 0, 1, 5}));
  const Value weights = g.constant(Tensor::of<float>({4}, {1, 1, 1, 0}));
  const Value f = g.constant(Tensor::of<float>({1, 4}, {-310, -300, -290, 1e6f}));
  const LearnedBaseline baseline = learned_baseline(x, f, weights, "baseline");
  const std::vector<Value> wrt = g.parameters();
  const std::vector<Value> slope = gradients(sum(baseline.loss * weights), wrt);
  for (std::size_t i = 0; i < wrt.size(); ++i) g.assign(wrt[i], wrt[i] - 1e-3 * slope[i]);
  Workers workers(1);
  Execution execution(compile(g, {baseline.prediction, baseline.loss}), store, workers);
  for (int i = 0; i < 400; ++i) execution.run();
  const auto prediction = execution.get(baseline.prediction).as<float>();
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(prediction[i] == doctest::Approx(-310 + 10. * static_cast<double>(i)).epsilon(0.005));
  for (const float zero : execution.get(baseline.loss).as<float>()) CHECK(zero == 0);
}

TEST_CASE("estimators: misuse is refused with the caller's place, never a gradient of 0") {
  Variables store;
  Graph g(store), other(store, Mode::train, "other");
  const Value logits = g.parameter("logits", {5, 3}, init::zeros());
  const Value noise = random_gumbel(g, {5, 3}), one = g.constant(1), few = g.constant(Tensor({2}));
  const std::vector<std::function<void()>> calls{
      [&] { sampled("gumble", logits, noise, one); },
      [&] { sampled("", logits, noise, one); },
      [&] { is_relaxed("gumble"); },
      [&] { is_pathwise("gumble"); },
      [&] { check_estimator("gumble"); },
      [&] { sampled("gumbel", logits, Value{}, one); },
      [&] { sampled("gumbel", logits, noise, Value{}); },
      [&] { sampled("reinmax", logits, noise, Value{}); },
      [&] { sampled("straight-through", logits, noise, Value{}); },
      [&] { sampled("rloo", logits, Value{}, one); },
      [&] { sampled("gumbel", logits, few, one); },
      [&] {
        sampled("gumbel", logits, random_gumbel(other, {5, 3}), one);
      },
      [&] { relaxed_sample(logits, noise, Value{}); },
      [&] { relaxed_sample(logits, Value{}, one); },
      [&] { straight_through_sample(logits, Value{}, one); },
      [&] { reinmax_sample(logits, Value{}, one); },
      [&] { hard_sample(logits, few); },
      [&] { hard_sample(Value{}, noise); },
      [&] { with_score(logits, noise, Value{}); },
      [&] { with_score(logits, few, one); },
      [&] { leave_one_out(logits, Value{}); },
      [&] { leave_one_out(one, one); },
      [&] { multi_sample_bound(logits, few); },
      [&] { multi_sample_bound(one, one); },
      [&] { learned_baseline(few, few, few, "baseline"); },
      [&] { learned_baseline(logits, Value{}, few, "baseline"); },
      [&] { all_states(g, 20, 10); },
      [&] { all_states(g, 0, 10); },
  };
  for (std::size_t i = 0; i < calls.size(); ++i) {
    CAPTURE(i);
    const std::string message = test::refusal(calls[i]);
    CAPTURE(message);
    // Every one stands in this file, and no deeper place is told.
    if (i != 17)  // of an empty value no graph is known
      CHECK(message.find("estimators_test.cpp:") != std::string::npos);
    CHECK(message.find("estimators.cpp") == std::string::npos);
  }
  CHECK(test::refusal(calls[0]).find("did you mean 'gumbel'?") != std::string::npos);
}

TEST_CASE("estimators: unknown names, one sample too few and too many states are refused") {
  Variables store;
  Graph g(store);
  const Value one = g.constant(Tensor({1, 4}));
  CHECK_THROWS_AS(check_estimator("reinforce"), UsageError);
  for (const std::string& name : estimator_names()) CHECK_NOTHROW(check_estimator(name));
  CHECK_THROWS_AS(leave_one_out(one, one), UsageError);
  CHECK_THROWS_AS(multi_sample_bound(one, one), UsageError);
  CHECK_THROWS_AS(all_states(g, 20, 10), UsageError);
  CHECK(all_states(g, 5, 4).shape() == Shape{1024, 5, 4});
}

}  // namespace abax
