// What keeps a decoder from ignoring its latent: what training charges for the KL against the
// definitions in double, gradients, weights; that evaluation knows nothing of it.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "models/categorical_vae.h"
#include "models/gaussian_vae.h"
#include "models/generation/coder.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "tests/graph/refusal.h"
#include "tests/models/check_gradients.h"
#include "tests/models/image_batch.h"

namespace abax {
namespace {

using test::run;

constexpr std::int64_t rows = 5;
constexpr std::size_t latents = 3;

GaussianVae gaussian(const KlCharge& charge = {}) {
  return {.image = {.network = {.size = {4, 3, 1}, .kind = DenseNetwork{{7}}}},
          .latent = {.latents = latents, .charge = charge}};
}

CategoricalVae categorical(const std::string& estimator = "gumbel", const KlCharge& charge = {}) {
  return {.image = {.network = {.size = {4, 3, 1}, .kind = DenseNetwork{{7}}}},
          .latent = {.latents = latents,
                     .categories = 4,
                     .estimator = estimator,
                     .samples = 2,
                     .prior = "learned",
                     .charge = charge},
          .width = 5};
}

/// Rows 1 and 4 only fill.
test::ImageBatch batch_of(const ImageModality& image) { return {rows, image, {1, 0, 1, 1, 0}}; }

/// What a training graph of a model says of a batch, its noise the same each time.
struct Said {
  double loss = 0, reconstruction = 0, kl = 0;
  std::vector<double> mean_kl = {};  // of each latent over the items that count
};
template <class Settings>
Said say(Variables& store, Model (*build)(Graph&, const Settings&, const BatchShape&),
         const Settings& c, const test::ImageBatch& batch, Mode mode = Mode::train) {
  store.runs("say") = 0;
  Graph g(store, mode, "say");
  const Model model = build(g, c, {.batch = rows});
  const std::vector<Value> outputs{model.loss.sum, model.metrics.at("reconstruction").sum,
                                   model.metrics.at("kl").sum};
  Workers workers(1);
  Execution execution(compile(g, outputs), store, workers);
  run(execution, batch.inputs());
  Said said{execution.scalar(outputs[0]), execution.scalar(outputs[1]),
            execution.scalar(outputs[2])};
  Graph e(store, Mode::evaluate, "statistics");
  const Model evaluated = build(e, c, {.batch = rows});
  for (const float x : run(evaluated.statistics.at("kl_per_latent"), batch.inputs()))
    said.mean_kl.push_back(x / 3.);
  return said;
}

/// In the widest gap between them: some latents are below, some above, none near.
double between(std::vector<double> of_latents) {
  std::ranges::sort(of_latents);
  const double low = of_latents[0], middle = of_latents[1], high = of_latents[2];
  const double gap = std::max(middle - low, high - middle);
  CHECK(gap > 0.01);
  return middle - low > high - middle ? middle - gap / 2 : high - gap / 2;
}

}  // namespace

TEST_CASE("posterior collapse: free bits are of each latent's mean over the batch, or of all") {
  // [samples, batch, latents], of which the second item does not count.
  const std::vector<float> kl{0.5f, 2, 9, 9, 1.5f, 0, 1, 3, 9, 9, 0.5f, 1};
  const Tensor given = Tensor::of<float>({2, 3, 2}, kl);
  const Tensor weights = Tensor::of<float>({3}, {1, 0, 3});
  const auto at = [&](std::size_t sample, std::size_t item, std::size_t latent) {
    return double{kl[(sample * 3 + item) * 2 + latent]};
  };
  std::array<double, 2> mean{};  // 0.9375 and 1
  for (const std::size_t latent : {0, 1})
    for (const std::size_t sample : {0, 1})
      mean[latent] += (at(sample, 0, latent) + 3 * at(sample, 2, latent)) / 8;
  for (const double free : {0.9, 0.95, 1.05, 1.9, 1.95})
    for (const KlCharge::Per per : {KlCharge::Per::latent, KlCharge::Per::item}) {
      CAPTURE(free);
      CAPTURE(static_cast<int>(per));
      Variables store;
      Graph g(store);
      const Value charged = with_free_bits(g.constant(given.clone()), g.constant(weights.clone()),
                                           {.free_bits = free, .free_bits_per = per}, 1);
      REQUIRE(charged.shape() == Shape{2, 3});
      const auto got = run(charged, {});
      double cost = 0;  // over items and samples
      for (const std::size_t sample : {0, 1})
        for (const std::size_t item : {0, 1, 2}) {
          const double a = at(sample, item, 0), b = at(sample, item, 1);
          const double of_latents = (mean[0] > free ? a : free) + (mean[1] > free ? b : free);
          const double of_item = mean[0] + mean[1] > free ? a + b : free;
          const float x = got[sample * 3 + item];
          CHECK(x == doctest::Approx(per == KlCharge::Per::item ? of_item : of_latents));
          cost += double{weights.as<float>()[item]} * x / 2;
        }
      const double total = per == KlCharge::Per::item
                               ? std::max(free, mean[0] + mean[1])
                               : std::max(free, mean[0]) + std::max(free, mean[1]);
      CHECK(cost == doctest::Approx(4 * total));
    }
}

TEST_CASE("posterior collapse: free bits change what is charged, not what is told or evaluated") {
  const auto check = [](auto build, auto c) {
    Variables store(3);
    test::create(store, build, c);
    test::ImageBatch batch = batch_of(c.image);
    batch.kl_weight = Tensor::of<float>({}, {0.7f});
    const Said plain = say(store, build, c, batch);
    const Said evaluated = say(store, build, c, batch, Mode::evaluate);
    CHECK(plain.loss == doctest::Approx(plain.reconstruction + 0.7 * plain.kl));
    for (const KlCharge::Per per : {KlCharge::Per::latent, KlCharge::Per::item}) {
      CAPTURE(static_cast<int>(per));
      double whole = 0, of_latents = 0;
      const double some = between(plain.mean_kl);
      for (const double nats : plain.mean_kl) whole += nats, of_latents += std::max(some, nats);
      CHECK(of_latents > 1.001 * whole);
      for (const double free : {some, 1.5 * whole, 0.5 * whole}) {
        c.latent.charge = {.free_bits = free, .free_bits_per = per};
        const Said said = say(store, build, c, batch);
        CHECK(said.kl == plain.kl);
        CHECK(said.reconstruction == plain.reconstruction);
        double cost = per == KlCharge::Per::item ? std::max(free, whole) : 0;
        for (const double nats : plain.mean_kl)
          if (per == KlCharge::Per::latent) cost += std::max(free, nats);
        CHECK(said.loss == doctest::Approx(said.reconstruction + 0.7 * 3 * cost));
        CHECK(say(store, build, c, batch, Mode::evaluate).loss == evaluated.loss);
      }
    }
  };
  check(gaussian_vae, gaussian());
  for (const char* estimator : {"straight-through", "reinmax", "rloo"})
    check(categorical_vae, categorical(estimator));
}

TEST_CASE("posterior collapse: gradients with free bits are slopes, none of what is below") {
  for (const KlCharge::Per per : {KlCharge::Per::latent, KlCharge::Per::item}) {
    const auto check = [&](auto build, auto c) {
      Variables store(3);
      test::create(store, build, c);
      const test::ImageBatch batch = batch_of(c.image);
      const Said plain = say(store, build, c, batch);
      double whole = 0;
      for (const double nats : plain.mean_kl) whole += nats;
      for (const double free : {between(plain.mean_kl), 1.5 * whole}) {
        c.latent.charge = {.free_bits = free, .free_bits_per = per};
        Graph g(store, Mode::train, "slopes");
        test::check_gradients(build(g, c, {.batch = rows}).loss, batch.inputs());
      }
      // A KL that is free altogether is as one that weighs nothing.
      Graph free(store, Mode::train, "free"), none(store, Mode::train, "free");
      const Gradients a = gradients_of(build(free, c, {.batch = rows}).loss);
      test::ImageBatch weightless = batch_of(c.image);
      weightless.kl_weight = Tensor::of<float>({}, {0});
      const Gradients b = gradients_of(build(none, c, {.batch = rows}).loss);
      for (std::size_t i = 0; i < a.sums.size(); ++i) {
        store.runs("free") = 0;
        const auto expected = run(b.sums[i], weightless.inputs());
        store.runs("free") = 0;
        CHECK(test::difference(run(a.sums[i], batch.inputs()), expected) == 0);
      }
    };
    check(gaussian_vae, gaussian());
    check(categorical_vae, categorical());
  }
}

TEST_CASE("posterior collapse: of categorical latents the KL of the aggregate is exact") {
  CategoricalVae c = categorical("straight-through");
  for (const char* prior : {"uniform", "learned"}) {
    c.latent.prior = prior;
    c.latent.charge = {};
    Variables store(3);
    test::create(store, categorical_vae, c, 0.8);
    const test::ImageBatch batch = batch_of(c.image);
    // The statistics have the sums of q(z_k|x) over the items that count.
    Graph e(store, Mode::evaluate, "statistics");
    const auto sums =
        run(categorical_vae(e, c, {.batch = rows}).statistics.at("posterior"), batch.inputs());
    double expected = 0;
    for (std::size_t k = 0; k < latents; ++k) {
      std::array<double, 4> p{0.25, 0.25, 0.25, 0.25};
      if (prior == std::string("learned")) {
        const auto logits = store.at("prior/logits").value().as<float>();
        double total = 0;
        for (std::size_t n = 0; n < 4; ++n) total += p[n] = std::exp(double{logits[k * 4 + n]});
        for (double& x : p) x /= total;
      }
      for (std::size_t n = 0; n < 4; ++n) {
        const double share = double{sums[k * 4 + n]} / 3;
        expected += share * std::log(share / p[n]);
      }
    }
    const Said plain = say(store, categorical_vae, c, batch);
    CHECK(expected < 0.98 * plain.kl / 3);
    c.latent.charge.of = KlCharge::Of::aggregate;
    for (const char* estimator : {"straight-through", "rloo"}) {
      c.latent.estimator = estimator;
      const Said said = say(store, categorical_vae, c, batch);
      CHECK(said.kl == plain.kl);
      CHECK(said.loss - said.reconstruction == doctest::Approx(3 * expected).epsilon(1e-4));
    }
    c.latent.estimator = "gumbel";
    Graph g(store, Mode::train, "slopes");
    test::check_gradients(categorical_vae(g, c, {.batch = rows}).loss, batch.inputs());
    const double evaluated = say(store, categorical_vae, c, batch, Mode::evaluate).loss;
    c.latent.charge = {};
    CHECK(say(store, categorical_vae, c, batch, Mode::evaluate).loss == evaluated);
  }
}

TEST_CASE("posterior collapse: of Gaussian latents the aggregate is the batch's mixture") {
  const GaussianVae plain = gaussian(), c = gaussian({.of = KlCharge::Of::aggregate});
  Variables store(3);
  test::create(store, gaussian_vae, c, 0.8);
  const test::ImageBatch batch = batch_of(c.image);
  Graph g(store, Mode::train, "say");
  const Model model = gaussian_vae(g, c, {.batch = rows});
  const Value mean = g.find("codes"), log_variance = g.find("encoder/log_variance/add"),
              noise = g.find("noise");
  Workers workers(1);
  Execution execution(compile(g, {model.loss.sum, model.metrics.at("reconstruction").sum,
                                  model.metrics.at("kl").sum, mean, log_variance, noise}),
                      store, workers);
  run(execution, batch.inputs());
  const auto at = [&](Value value, std::size_t row, std::size_t k) {
    return double{execution.get(value).as<float>()[row * latents + k]};
  };
  double expected = 0;
  for (const std::size_t n : {0, 2, 3}) {
    double mixture = 0, log_p = 0;
    for (const std::size_t j : {0, 2, 3}) {
      double log_q = 0;
      for (std::size_t k = 0; k < latents; ++k) {
        const double z = at(mean, n, k) + std::exp(at(log_variance, n, k) / 2) * at(noise, n, k);
        const double u = (z - at(mean, j, k)) / std::exp(at(log_variance, j, k) / 2);
        log_q -= u * u / 2 + at(log_variance, j, k) / 2;
        if (n == j) log_p -= z * z / 2;
      }
      mixture += std::exp(log_q) / 3;
    }
    expected += std::log(mixture) - log_p;
  }
  const double charged =
      execution.scalar(model.loss.sum) - execution.scalar(model.metrics.at("reconstruction").sum);
  CHECK(charged == doctest::Approx(expected).epsilon(1e-3));
  CHECK(execution.scalar(model.metrics.at("kl").sum) == say(store, gaussian_vae, plain, batch).kl);
  Variables calm(3);
  test::create(calm, gaussian_vae, c);
  Graph slopes(calm, Mode::train, "slopes");
  test::check_gradients(gaussian_vae(slopes, c, {.batch = rows}).loss, batch.inputs());
  CHECK(say(store, gaussian_vae, c, batch, Mode::evaluate).loss ==
        say(store, gaussian_vae, plain, batch, Mode::evaluate).loss);

  // An encoder that does not look has the aggregate for each item's posterior: in the mean over
  // samples there is nothing to spare.
  for (const char* name : {"encoder/mean/weight", "encoder/log_variance/weight"})
    std::ranges::fill(store.at(name).write().as<float>(), 0.f);
  double spared = 0;
  for (int i = 0; i < 2000; ++i) {
    run(execution, batch.inputs());
    spared += execution.scalar(model.metrics.at("kl").sum) +
              execution.scalar(model.metrics.at("reconstruction").sum) -
              execution.scalar(model.loss.sum);
  }
  CHECK(std::abs(spared / 2000) < 0.1);
}

TEST_CASE("posterior collapse: normalised means have their deviation in each batch") {
  // Two positions an item, which are as so many items; item 1 only fills.
  constexpr std::int64_t items = 4, positions = 2, width = 3;
  const GaussianLatent latent{.latents = 2, .posterior_scale = 0.6};
  Variables store(2);
  Tensor features({items, positions, width}), weights = Tensor::of<float>({items}, {1, 0, 1, 1});
  Random random(4);
  for (float& x : features.as<float>()) x = static_cast<float>(2 * random.normal() + 1);
  Graph g(store), e(store, Mode::evaluate);
  const auto build = [&](Graph& graph) {
    return gaussian_posterior(graph.input("features", features.shape()), latent,
                              graph.training() ? graph.input("weights", {items}) : Value{});
  };
  const GaussianPosterior q = build(g), evaluated = build(e);
  test::shake(store);
  const test::Inputs inputs{{"features", &features}, {"weights", &weights}};
  const std::vector<float> before = run(evaluated.mean, inputs);

  // By the definition, of x = features times weight.
  const auto weight = store.at("encoder/mean/weight").value().as<float>();
  const auto shift = store.at("encoder/normalised/shift").value().as<float>();
  std::vector<double> x(items * positions * 2);
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < width; ++j)
      x[i] += double{features.as<float>()[i / 2 * width + j]} * weight[j * 2 + i % 2];
  const auto counts = [](std::size_t i) { return i / 2 / positions != 1; };
  std::array<double, 2> mean{}, variance{};
  for (std::size_t i = 0; i < x.size(); ++i) mean[i % 2] += counts(i) ? x[i] / 6 : 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    variance[i % 2] += counts(i) ? (x[i] - mean[i % 2]) * (x[i] - mean[i % 2]) / 6 : 0;
  const auto scaled = [&](std::size_t i, double centre, double spread) {
    return (x[i] - centre) / std::sqrt(spread + 1e-5) * 0.6 + shift[i % 2];
  };
  Workers workers(1);
  Execution execution(compile(g, {q.mean}), store, workers);
  run(execution, inputs);
  const auto first = execution.get(q.mean).as<float>();
  const std::vector<float> got(first.begin(), first.end());
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(before[i] == doctest::Approx(scaled(i, 0, 1)).epsilon(1e-4).scale(1));
    CHECK(got[i] ==
          doctest::Approx(scaled(i, mean[i % 2], variance[i % 2])).epsilon(1e-4).scale(1));
  }
  // The averages have gone a tenth of the way, and evaluations follow them.
  const std::vector<float> after = run(evaluated.mean, inputs);
  for (std::size_t i = 0; i < x.size(); ++i)
    CHECK(after[i] == doctest::Approx(scaled(i, 0.1 * mean[i % 2], 0.9 + 0.12 * variance[i % 2]))
                          .epsilon(1e-4)
                          .scale(1));
  // What does not count changes nothing.
  std::ranges::fill(features.as<float>().subspan(positions * width, positions * width), 9.f);
  run(execution, inputs);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (counts(i)) CHECK(execution.get(q.mean).as<float>()[i] == got[i]);

  Graph h(store);
  const std::string message = test::refusal([&] {
    gaussian_posterior(h.constant(Tensor({2, 3})), latent);
  });
  CHECK(message.find("weights of its items") != std::string::npos);
  CHECK(message.find("posterior_collapse_test.cpp") != std::string::npos);
}

TEST_CASE("posterior collapse: normalised means keep the KL up, and are as they were by default") {
  GaussianVae c = gaussian();
  const auto names = [&] {
    Variables store(3);
    test::create(store, gaussian_vae, c);
    return store.names();
  };
  const std::vector<std::string> plain = names();
  for (const std::string& name : plain) CHECK(name.find("normalised") == std::string::npos);
  c.latent.posterior_scale = 0.8;
  CHECK(names().size() == plain.size() + 2);  // shift, mean and variance for a bias
  Variables store(3);
  test::create(store, gaussian_vae, c);
  // However small the encoder's outputs are.
  for (float& x : store.at("encoder/mean/weight").write().as<float>()) x *= 0.05f;
  const test::ImageBatch batch = batch_of(c.image);
  CHECK(say(store, gaussian_vae, c, batch).kl > 3 * latents * 0.8 * 0.8 / 2 * 0.95);
  test::create(store, gaussian_vae, c);
  Graph g(store, Mode::train, "slopes");
  const Model model = gaussian_vae(g, c, {.batch = rows});
  test::check_gradients(model.loss, batch.inputs());

  // What uses the model beside its store goes by the averages of training, too.
  Workers workers(1);
  Execution step(compile(g, {model.loss.sum}), store, workers);
  run(step, batch.inputs());
  Graph e(store, Mode::evaluate);
  const std::vector<float> codes =
      run(gaussian_autoencoder().encode(e, {"gaussian_vae", c}, {.batch = rows}), batch.inputs());
  Coder coder(store, {"gaussian_vae", c}, workers, {.batch = rows});
  const std::pair<std::string, Tensor> images{"images", batch.images.clone()};
  const Tensor coded = coder.encode({&images, 1});
  CHECK(std::ranges::equal(coded.as<float>(), codes));
}

TEST_CASE("posterior collapse: settings that fit no objective are refused") {
  const auto refused = [](const auto& latent, const char* word) {
    auto copy = latent;
    Fields f;
    fields(f, copy);
    REQUIRE(f.complaints().size() == 1);
    CHECK_MESSAGE(f.complaints()[0].find(word) != std::string::npos, f.complaints()[0]);
  };
  for (const char* estimator : {"vimco", "exact"})
    for (const KlCharge& charge :
         {KlCharge{.free_bits = 1}, KlCharge{.of = KlCharge::Of::aggregate}})
      refused(categorical(estimator, charge).latent, estimator);
  CategoricalLatent conditional = categorical("gumbel", {.of = KlCharge::Of::aggregate}).latent;
  conditional.prior = "autoregressive";
  refused(conditional, "independent");
  refused(gaussian({.free_bits = 1, .of = KlCharge::Of::aggregate}).latent, "kl-of");
  GaussianLatent latent;
  latent.charge.free_bits = -1;
  Variables store;
  Graph g(store);
  CHECK_THROWS_WITH_AS(gaussian_posterior(g.constant(Tensor({2, 3})), latent),
                       doctest::Contains("free-bits"), UsageError);
  const Value kl = g.constant(Tensor({2, 3}));
  CHECK(test::refusal([&] {
          with_free_bits(kl, g.constant(Tensor({3})), {.free_bits = 1});
        }).find("posterior_collapse_test.cpp") != std::string::npos);
}

}  // namespace abax
