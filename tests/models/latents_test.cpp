// Latents know features alone: positions of an item are as so many items, whatever they are of.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <functional>
#include <string>

#include "core/base/error.h"
#include "models/latents/categorical.h"
#include "models/latents/gaussian.h"
#include "models/latents/quantised.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "tests/graph/refusal.h"
#include "tests/models/quantiser_bench.h"

namespace abax {
namespace {

using test::run;

constexpr std::int64_t batch = 3, positions = 2, width = 5;

/// Features of some items with two positions each.
Tensor some_features() {
  Tensor features({batch, positions, width});
  Random random(4);
  for (float& x : features.as<float>()) x = static_cast<float>(random.normal());
  return features;
}
Value input(Graph& g) { return g.input("features", {batch, positions, width}); }
/// The same as items of one position.
Value flat(Value features) { return reshape(features, {batch * positions, width}); }

}  // namespace

TEST_CASE("latents: Gaussian ones of several positions") {
  const Tensor features = some_features();
  const test::Inputs inputs{{"features", &features}};
  const GaussianLatent latent{.latents = 4};
  Variables store(1);
  Graph g(store), again(store);
  const GaussianPosterior q = gaussian_posterior(input(g), latent);
  const GaussianPosterior one = gaussian_posterior(flat(input(again)), latent);
  test::shake(store);
  CHECK(q.mean.shape() == Shape{batch, positions, 4});
  CHECK(run(gaussian_kl(q), inputs) == run(gaussian_kl(one), inputs));
  const GaussianSample sample = gaussian_sample(q), other = gaussian_sample(one);
  CHECK(run(sum_after(gaussian_log_ratio(q, sample), 1), inputs).size() == batch);
  store.runs("train") = 0;
  const auto z = run(sample.z, inputs);
  store.runs("train") = 0;
  CHECK(run(other.z, inputs) == z);
  const Value weights = g.constant(Tensor::of<float>({batch}, {1, 0, 1}));
  const auto statistics = gaussian_statistics(q, gaussian_kl(q), weights);
  CHECK(statistics.at("kl_per_latent").shape() == Shape{positions, 4});
  Graph p(store, Mode::evaluate);
  CHECK(gaussian_prior(p, latent, {batch, positions}).shape() == Shape{batch, positions, 4});
}

TEST_CASE("latents: categorical ones of several positions, with every estimator") {
  const Tensor features = some_features(), temperature = Tensor::scalar(0.8f);
  const test::Inputs inputs{{"features", &features}, {"temperature", &temperature}};
  for (const char* prior : {"learned", "autoregressive"})
    for (const char* estimator :
         {"gumbel", "straight-through", "reinmax", "nvil", "rloo", "vimco"}) {
      const CategoricalLatent latent{.latents = 3,
                                     .categories = 4,
                                     .estimator = estimator,
                                     .samples = 2,
                                     .prior = prior,
                                     .posterior = "autoregressive"};
      CAPTURE(estimator);
      Variables store(1);
      Graph g(store);
      const Value x = input(g), weights = g.constant(Tensor::of<float>({batch}, {1, 0, 1}));
      const Conditionals q = categorical_posterior(x, latent, 6);
      const Conditionals p = categorical_prior(g, latent, 6);
      const CategoricalSamples s = categorical_samples(q, p, latent);
      test::shake(store);
      CHECK(s.drawn.z.shape() == Shape{2, batch, positions, 3, 4});
      CHECK(s.vectors().shape() == Shape{2, batch, positions, 12});
      // The KL of an item is that of its positions as items of their own.
      const Value each = sum(s.kl, {-1});
      const Bound bound = categorical_bound(s, latent, -sum_after(square(s.vectors()), 2),
                                            g.constant(1.f), x, weights);
      CHECK(bound.objective.shape() == Shape{batch});
      Workers workers(1);
      Execution execution(compile(g, {each, bound.kl, bound.objective}), store, workers);
      run(execution, inputs);
      const auto parts = execution.get(each).as<float>(),
                 whole = execution.get(bound.kl).as<float>();
      for (std::size_t item = 0; item < batch; ++item) {
        double expected = 0;
        for (std::size_t sample = 0; sample < 2; ++sample)
          for (std::size_t i = 0; i < positions; ++i)
            expected += double{parts[(sample * batch + item) * positions + i]} / 2;
        CHECK(whole[item] == doctest::Approx(expected));
        CHECK(std::isfinite(execution.get(bound.objective).as<float>()[item]));
      }
    }
  // Sums over all states are of one position.
  Variables store(1);
  Graph g(store);
  const CategoricalLatent exact{.latents = 2, .categories = 2, .estimator = "exact"};
  CHECK_THROWS_WITH_AS(categorical_samples(categorical_posterior(input(g), exact, 6),
                                           categorical_prior(g, exact, 6), exact),
                       doctest::Contains("one position"), UsageError);
}

TEST_CASE("latents: codes of several positions are found, counted and looked up") {
  const Tensor features = some_features();
  const Tensor weights = Tensor::of<float>({batch}, {1, 0, 1});
  const test::Inputs inputs{{"features", &features}, {"weights", &weights}};
  const Quantiser c{.kind = Nearest{.codes = 6}, .code_width = 4, .groups = 2};
  Variables store(1);
  Graph train(store), g(store, Mode::evaluate);
  const auto build = [&](Graph& graph) {
    const Value x = input(graph), w = graph.input("weights", {batch});
    const Value z = vectors_to_quantise(x, positions, c);
    const Quantised q = quantise(z, position_weights(w, z), c);
    return quantised_model(square(q.values), q.values, w, {&q, 1}, c);
  };
  build(train);
  const Model model = build(g);
  CHECK(g.find("codes").shape() == Shape{batch, positions * 2});
  double counted = 0;
  for (const float count : run(model.statistics.at("posterior"), inputs)) counted += double{count};
  CHECK(counted == 2 * positions * 2);
  CHECK(run(model.loss.count, inputs)[0] == 2);
}

TEST_CASE("latents: Gaussian terms of plain values, by hand and at the caller's line") {
  Variables store(2);
  Graph g(store);
  const Value mean = g.constant(Tensor::of<float>({2}, {0.5f, -1}));
  const Value log_variance = g.constant(Tensor::of<float>({2}, {0.25f, -2}));
  const Value noise = g.constant(Tensor::of<float>({3, 1}, {0, 1, -2}));
  const auto kl = run(gaussian_kl(mean, log_variance), {});
  const auto z = run(reparameterise(mean, log_variance, noise), {});
  for (std::size_t i = 0; i < 2; ++i) {
    const double m = i == 0 ? 0.5 : -1, v = i == 0 ? 0.25 : -2;
    CHECK(kl[i] == doctest::Approx((m * m + std::exp(v) - v - 1) / 2));
    for (std::size_t row = 0; row < 3; ++row)
      CHECK(z[2 * row + i] == doctest::Approx(m + std::exp(v / 2) * std::array{0., 1., -2.}[row]));
  }
  const Value drawn = reparameterise(g.constant(Tensor({5000})), g.constant(std::log(4.f)));
  double square = 0;
  for (const float x : run(drawn, {})) square += double{x} * x / 5000;
  CHECK(square == doctest::Approx(4).epsilon(0.1));
  const Value few = g.constant(Tensor({3}));
  for (const std::function<void()>& call : std::vector<std::function<void()>>{
           [&] { gaussian_kl(mean, few); }, [&] { gaussian_kl(mean, Value{}); },
           [&] { reparameterise(mean, few); }, [&] { reparameterise(mean, log_variance, Value{}); },
           [&] { reparameterise(mean, log_variance, few); }}) {
    const std::string message = test::refusal(call);
    CHECK(message.find("latents_test.cpp:") != std::string::npos);
  }
}

TEST_CASE("latents: schedules of KL weight and temperature") {
  GaussianLatent gaussian{.kl = {.beta = 2, .warmup = 4}};
  CHECK(gaussian_schedule(gaussian, 0) == Scalars{{"kl_weight", 0.5f}});
  CHECK(gaussian_schedule(gaussian, 3) == Scalars{{"kl_weight", 2.f}});
  CHECK(gaussian_schedule(gaussian, 100) == Scalars{{"kl_weight", 2.f}});
  gaussian.kl.cycle = 6;  // Fu et al. 2019: it rises in four steps, stays for two, and begins anew
  for (const std::int64_t begin : {0, 6, 600})
    for (std::int64_t step = 0; step < 6; ++step)
      CHECK(gaussian.kl.weight(begin + step) == std::min(2.f, 0.5f * static_cast<float>(step + 1)));
  CategoricalLatent c{.temperature = 2, .final_temperature = 0.5};
  const auto temperature = [&](std::int64_t step, std::int64_t steps) {
    return categorical_schedule(c, step, steps).at("temperature");
  };
  CHECK(temperature(0, 11) == 2);
  CHECK(temperature(5, 11) == doctest::Approx(1));
  CHECK(temperature(10, 11) == doctest::Approx(0.5));
  CHECK(temperature(0, 1) == doctest::Approx(0.5));
  c.final_temperature = 0;  // what suits the estimator
  CHECK(temperature(10, 11) == doctest::Approx(0.5));
  c.estimator = "reinmax";
  CHECK(temperature(10, 11) == doctest::Approx(1));
  c.estimator = "rloo";  // its samples have none
  c.samples = 2;
  CHECK(categorical_schedule(c, 0, 11) == Scalars{{"kl_weight", 1.f}});
}

TEST_CASE("latents: settings of categorical variables are those of their estimator") {
  const auto has = [](const char* estimator, const char* name) {
    CategoricalLatent latent{.estimator = estimator, .samples = 2};
    Fields f;
    fields(f, latent);
    CHECK(f.complaints().empty());
    return f.find(name) != nullptr;
  };
  CHECK(has("gumbel", "temperature"));
  CHECK(has("straight-through", "final-temperature"));
  CHECK_FALSE(has("nvil", "temperature"));
  CHECK(has("nvil", "samples"));
  CHECK_FALSE(has("exact", "samples"));
  CategoricalLatent alone{.estimator = "vimco"};
  Fields f;
  fields(f, alone);
  REQUIRE(f.complaints().size() == 1);
  CHECK(f.complaints()[0].find("samples 2") != std::string::npos);
}

TEST_CASE("latents: bounds and sums over items refuse what would be broadcast") {
  Variables store(1);
  Graph g(store);
  const auto of = [&](Shape shape) { return g.constant(Tensor(shape)); };
  const auto message = [](auto call) -> std::string {
    try {
      call();
    } catch (const ShapeError& error) {
      return error.what();
    }
    return "accepted";
  };
  const auto refused = [&](const char* first, const char* second, auto call) {
    const std::string found = message(call);
    CAPTURE(found);
    CHECK(found.find(first) != found.npos);
    CHECK(found.find(second) != found.npos);
    CHECK(found.find("latents_test.cpp") != found.npos);
  };
  refused("[2]", "[2, 1]", [&] { bound_of(of({2}), of({2, 1}), of({})); });
  refused("[2]", "[2, 1]", [&] { bound_of(of({2}), of({2}), of({2, 1})); });
  CHECK_NOTHROW(bound_of(of({2}), of({2}), of({})));
  CHECK_NOTHROW(bound_of(of({2}), of({2}), of({2})));
  CHECK_THROWS_AS(bound_of(of({2}), of({2}), {}), UsageError);
  refused("[2, 1]", "[2]", [&] { over_items(of({2, 1}), of({2})); });
  refused("[]", "[3]", [&] { over_items(of({}), of({3})); });
  refused("[3]", "[1]", [&] { over_items(of({3}), of({1})); });
  refused("[3]", "[]", [&] { over_items(of({3}), of({})); });
  refused("[3, 2]", "[2]", [&] { sum_over_items(of({3, 2}), of({2})); });
  CHECK(sum_over_items(of({3, 2}), of({3})).shape() == Shape{2});
  const Bound bound{of({3}), of({3}), of({3})};
  refused("[3]", "[1]", [&] { variational_model(bound, of({3, 4}), of({1})); });

  const CategoricalLatent latent{.latents = 2, .categories = 3};  // one sample
  const CategoricalSamples s = categorical_samples({of({2, 2, 3})}, {of({2, 3})}, latent);
  const Value weights = of({2}), items = of({2, 4});
  CHECK_NOTHROW(categorical_bound(s, latent, of({1, 2}), of({}), items, weights));
  for (const Shape& shape : {Shape{2, 1}, Shape{2}})
    refused(str_cat(shape).c_str(), "[1, 2]",
            [&] { categorical_bound(s, latent, of(shape), of({}), items, weights); });
}

TEST_CASE("latents: settings out of range are refused where they are used") {
  CHECK_THROWS_AS(KlSchedule{.beta = NAN}.weight(0), UsageError);
  CHECK_THROWS_AS(KlSchedule{.beta = -1}.weight(0), UsageError);
  CHECK_THROWS_AS(KlSchedule{.warmup = -1}.weight(0), UsageError);
  CHECK_THROWS_AS(KlSchedule{}.weight(-1), UsageError);
  CHECK_THROWS_AS((KlSchedule{.warmup = 2, .cycle = -1}.weight(0)), UsageError);
  for (const std::int64_t warmup : {0, 6}) {
    KlSchedule unfit{.warmup = warmup, .cycle = 5};
    CHECK_THROWS_WITH_AS(unfit.weight(0), doctest::Contains("kl-warmup"), UsageError);
    Fields f;
    fields(f, unfit);
    CHECK(f.complaints().size() == 1);
  }
  Variables store(1);
  Graph g(store);
  for (const double temperature : {0., -1., std::nan("")}) {
    const CategoricalLatent latent{
        .latents = 2, .categories = 3, .estimator = "gumbel", .temperature = temperature};
    CHECK_THROWS_AS(categorical_schedule(latent, 0, 10), UsageError);
    CHECK_THROWS_AS(categorical_prior(g, latent, 4), UsageError);
  }
  const CategoricalLatent five{.latents = 5, .categories = 10};
  const auto codes = [&](Shape shape) { return g.constant(Tensor(shape, i32)); };
  CHECK(code_vectors(codes({2, 5}), five).shape() == Shape{2, 50});
  CHECK_THROWS_WITH_AS(code_vectors(codes({2, 20}), five), doctest::Contains("latents_test.cpp"),
                       ShapeError);
}

}  // namespace abax
