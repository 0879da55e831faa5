// Random ops: their distributions, and what their numbers depend on.
#include "ops/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/random.h"
#include "tests/ops/evaluate.h"

namespace abax {
namespace {

constexpr std::int64_t count = 100003;

using Build = Value (*)(Graph&, Shape, SourceLocation);

Value uniform(Graph& g, Shape shape, SourceLocation where) {
  return random_uniform(g, shape, 0, 1, where);
}

/// `count` numbers of the run `run` of a graph with this label and seed.
std::vector<double> draw(Build build, std::uint64_t seed = 1, std::string label = "train",
                         std::uint64_t run = 0, const CompileOptions& options = {}) {
  Variables store(seed);
  Graph graph(store, Mode::train, label);
  store.runs(label) = run;
  const Tensor numbers = evaluate(build(graph, {count}, SourceLocation::current()), {}, options);
  const auto elements = numbers.as<float>();
  return {elements.begin(), elements.end()};
}

double mean_of(const std::vector<double>& x) {
  double sum = 0;
  for (const double value : x) sum += value;
  return sum / static_cast<double>(x.size());
}

double correlation(const std::vector<double>& a, const std::vector<double>& b, std::size_t shift) {
  const double ma = mean_of(a), mb = mean_of(b);
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i + shift < a.size(); ++i) {
    ab += (a[i] - ma) * (b[i + shift] - mb);
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i + shift] - mb) * (b[i + shift] - mb);
  }
  return ab / std::sqrt(aa * bb);
}

/// Kolmogorov and Smirnov's statistic times sqrt(n): above 1.95 with probability 0.001.
template <class Distribution>
double kolmogorov_smirnov(std::vector<double> x, Distribution distribution) {
  std::ranges::sort(x);
  const auto n = static_cast<double>(x.size());
  double distance = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double p = distribution(x[i]);
    distance = std::max({distance, std::abs(p - static_cast<double>(i) / n),
                         std::abs(p - static_cast<double>(i + 1) / n)});
  }
  return distance * std::sqrt(n);
}

/// Mean and variance within five standard errors, the distribution, and no correlation nearby.
template <class Distribution>
void check_distribution(Build build, double mean, double variance, double fourth_moment,
                        Distribution distribution) {
  const std::vector<double> x = draw(build);
  const auto n = static_cast<double>(x.size());
  CHECK(std::abs(mean_of(x) - mean) < 5 * std::sqrt(variance / n));
  double squares = 0;
  for (const double value : x) squares += (value - mean) * (value - mean);
  const double error = std::sqrt((fourth_moment - variance * variance) / n);
  CHECK(std::abs(squares / n - variance) < 5 * error);
  CHECK(kolmogorov_smirnov(x, distribution) < 1.95);
  for (const std::size_t shift : {1, 4, 16, 64})
    CHECK(std::abs(correlation(x, x, shift)) < 5 / std::sqrt(n));
}

}  // namespace

TEST_CASE("random: uniform, normal and Gumbel numbers are distributed as they should be") {
  check_distribution(uniform, 0.5, 1. / 12, 1. / 80,
                     [](double x) { return std::clamp(x, 0., 1.); });
  check_distribution(random_open_uniform, 0.5, 1. / 12, 1. / 80,
                     [](double x) { return std::clamp(x, 0., 1.); });
  check_distribution(random_normal, 0, 1, 3,
                     [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.)); });
  // Variance pi^2 / 6; the fourth central moment is 5.4 times its square.
  const double variance = 1.6449340668482264, euler = 0.5772156649015329;
  check_distribution(random_gumbel, euler, variance, 5.4 * variance * variance,
                     [](double x) { return std::exp(-std::exp(-x)); });
}

TEST_CASE("random: the bounds are kept") {
  for (const auto& [build, low, high] : {std::tuple{Build{uniform}, 0., 1.},
                                         {random_open_uniform, 0x1p-25, 1.},
                                         {random_normal, -5.4, 5.4},
                                         {random_gumbel, -3., 17.}}) {
    const std::vector<double> x = draw(build, 5);
    CHECK(*std::ranges::min_element(x) >= low);
    CHECK(*std::ranges::max_element(x) < high);
  }
}

TEST_CASE("random: Bernoulli numbers come with their probability") {
  for (const float p : {0.f, 1e-3f, 0.3f, 0.5f, 0.99f, 1.f}) {
    Variables store(3);
    Graph graph(store);
    const Tensor mask = evaluate(random_bernoulli(graph, {count}, p));
    double ones = 0;
    for (const std::uint8_t value : mask.as<std::uint8_t>()) {
      REQUIRE(value <= 1);
      ones += value;
    }
    CHECK(std::abs(ones / count - p) <= 5 * std::sqrt(p * (1 - p) / count));
  }
}

TEST_CASE("random: element i is the Philox word that the header names, at every level") {
  // Element 64 b + 16 w + l is word w of the counter 16 b + l.
  const std::uint64_t key = stream_key(9, "label", "random_uniform");
  std::vector<double> expected;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t counter = i / 64 * 16 + i % 16;
    const auto words = philox({counter, 0, 70000, 2}, {static_cast<std::uint32_t>(key),
                                                       static_cast<std::uint32_t>(key >> 32)});
    expected.push_back(uniform01(words[i % 64 / 16]));
  }
  for (const Level level : available_levels()) {
    CompileOptions options;
    options.level = level;
    CHECK(draw(uniform, 9, "label", (std::uint64_t{2} << 32) + 70000, options) == expected);
  }
}

TEST_CASE("random: numbers differ by run, seed, label and name, and by nothing else") {
  const std::vector<double> x = draw(uniform);
  CHECK(draw(uniform) == x);
  CHECK(std::abs(correlation(x, draw(uniform, 2), 0)) < 0.02);
  CHECK(std::abs(correlation(x, draw(uniform, 1, "evaluate"), 0)) < 0.02);
  CHECK(std::abs(correlation(x, draw(uniform, 1, "train", 1), 0)) < 0.02);

  Variables store(1);
  Graph graph(store, Mode::train);
  const Value other = random_uniform(graph, {7});
  const auto scope = graph.scope("inner");
  const Value first = random_uniform(graph, {count}), second = random_uniform(graph, {count});
  const auto doubles = [](const Tensor& tensor) {
    const auto elements = tensor.as<float>();
    return std::vector<double>(elements.begin(), elements.end());
  };
  store.runs("train") = 0;
  const std::vector<double> a = doubles(evaluate(first));
  store.runs("train") = 0;
  const std::vector<double> b = doubles(evaluate(second));
  CHECK(std::abs(correlation(a, b, 0)) < 0.02);
  CHECK(std::abs(correlation(a, x, 0)) < 0.02);
  CHECK(other.shape() == Shape{7});

  // The same scope and name in a graph without the other node: the same numbers.
  Variables again(1);
  Graph smaller(again, Mode::train);
  const auto inner = smaller.scope("inner");
  CHECK(doubles(evaluate(random_uniform(smaller, {count}))) == a);
}

TEST_CASE("random: each run of an execution draws anew") {
  Variables store(1);
  Graph graph(store);
  const Value x = random_normal(graph, {5});
  Workers workers(1);
  Execution execution(compile(graph, {x}), store, workers);
  execution.run();
  const float before = execution.get(x).as<float>()[0];
  execution.run();
  CHECK(execution.get(x).as<float>()[0] != before);
  CHECK(store.runs("train") == 2);
}

}  // namespace abax
