// The categorical VAE: probabilities against sums over all states in double, gradients, weights.
#include "models/categorical_vae.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "core/base/error.h"
#include "models/latents/estimators.h"
#include "models/model_settings.h"
#include "tests/models/check_gradients.h"
#include "tests/models/image_batch.h"

namespace abax {
namespace {

using test::run;

// Three variables of two values: eight states.
constexpr std::size_t latents = 3, categories = 2, width = 5, states = 8, pixels = 12;

CategoricalVae small(const std::string& estimator = "gumbel") {
  return {.image = {.network = {.size = {4, 3, 1}, .kind = DenseNetwork{{7}}}},
          .latent = {.latents = latents,
                     .categories = categories,
                     .estimator = estimator,
                     .samples = 2,
                     .prior = "learned"},
          .width = width};
}

CategoricalVae autoregressive(const std::string& estimator = "gumbel") {
  CategoricalVae c = small(estimator);
  c.latent.prior = c.latent.posterior = "autoregressive";
  return c;
}

ModelSettings settings_of(const CategoricalVae& c) { return {"categorical_vae", c}; }

std::size_t value_of(std::size_t state, std::size_t k) { return state >> (latents - 1 - k) & 1; }

/// log of the probability of a state: logits[k] and the conditionals of the scope, in double.
double log_probability_of(const Variables& store, const std::string& scope,
                          std::vector<double> logits, std::vector<double> hidden,
                          std::size_t state) {
  const auto parameter = [&](const std::string& name) {
    return store[store.find(scope + "/conditional/" + name)].value().as<float>();
  };
  double result = 0;
  for (std::size_t k = 0; k < latents; ++k) {
    double total = 0, chosen = 0;
    for (std::size_t n = 0; n < categories; ++n) {
      double logit = logits[k * categories + n];
      for (std::size_t w = 0; w < hidden.size(); ++w)
        logit +=
            std::max(hidden[w], 0.) * double{parameter("output")[(k * width + w) * categories + n]};
      total += std::exp(logit);
      if (n == value_of(state, k)) chosen = logit;
    }
    result += chosen - std::log(total);
    for (std::size_t w = 0; w < hidden.size() && k + 1 < latents; ++w)
      hidden[w] +=
          double{parameter("embedding")[(k * categories + value_of(state, k)) * width + w]};
  }
  return result;
}

double log_prior(const Variables& store, const CategoricalVae& c, std::size_t state) {
  if (c.latent.prior == "uniform") return -std::log(double{states});
  const auto values = [&](const char* name) {
    const auto x = store[store.find(name)].value().as<float>();
    return std::vector<double>(x.begin(), x.end());
  };
  if (c.latent.prior == "learned")
    return log_probability_of(store, "prior", values("prior/logits"), {}, state);
  return log_probability_of(store, "prior", values("prior/logits"),
                            values("prior/conditional/hidden"), state);
}

/// log p(x|z) of an image by every state, through the decoder alone.
std::vector<double> log_likelihoods(Variables& store, const CategoricalVae& c, const float* image) {
  Tensor codes({states, latents}, i32);
  for (std::size_t i = 0; i < states * latents; ++i)
    codes.as<std::int32_t>()[i] = static_cast<std::int32_t>(value_of(i / latents, i % latents));
  Graph g(store, Mode::evaluate, "decode");
  const Value input = g.input("codes", codes.shape(), i32);
  const auto means =
      run(categorical_autoencoder().decode(g, settings_of(c), input), {{"codes", &codes}});
  std::vector<double> result(states);
  for (std::size_t i = 0; i < means.size(); ++i) {
    const double x = image[i % pixels], p = means[i];
    result[i / pixels] += x * std::log(p) + (1 - x) * std::log(1 - p);
  }
  return result;
}

/// -log p(x) by the sum over all states.
double exact_nats(Variables& store, const CategoricalVae& c, const float* image) {
  const std::vector<double> likelihoods = log_likelihoods(store, c, image);
  double total = 0;
  for (std::size_t z = 0; z < states; ++z)
    total += std::exp(likelihoods[z] + log_prior(store, c, z));
  return -std::log(total);
}

std::vector<CategoricalVae> kinds() {
  CategoricalVae uniform = small();
  uniform.latent.prior = "uniform";
  CategoricalVae half = autoregressive();
  half.latent.prior = "learned";
  return {uniform, small(), half, autoregressive()};
}

}  // namespace

TEST_CASE("categorical VAE: probabilities of the prior sum to 1, and its samples have them") {
  for (const CategoricalVae& c : kinds()) {
    Variables store(3);
    test::create(store, categorical_vae, c, 0.6);
    Graph g(store, Mode::evaluate);
    constexpr std::int64_t draws = 20'000;
    const Value codes = categorical_autoencoder().sample(g, settings_of(c), draws);
    Workers workers(1);
    Execution execution(compile(g, {codes}), store, workers);
    execution.run();
    const auto drawn = execution.get(codes).as<std::int32_t>();
    std::map<std::size_t, double> share;
    for (std::size_t i = 0; i < drawn.size(); i += latents)
      share[static_cast<std::size_t>(drawn[i] * 4 + drawn[i + 1] * 2 + drawn[i + 2])] += 1. / draws;
    double total = 0;
    for (std::size_t z = 0; z < states; ++z) {
      const double p = std::exp(log_prior(store, c, z));
      total += p;
      CHECK(std::abs(share[z] - p) < 4.5 * std::sqrt(p / draws));
    }
    CHECK(total == doctest::Approx(1));
  }
}

TEST_CASE("categorical VAE: codes drawn from the posterior have its probabilities") {
  for (const CategoricalVae& c : {small(), autoregressive()}) {
    Variables store(3);
    test::create(store, categorical_vae, c, 0.6);
    constexpr std::int64_t draws = 20'000;
    const test::ImageBatch one(1, c.image, {}), batch(draws, c.image, {}, /*same=*/true);
    Graph g(store, Mode::evaluate);
    const Value codes =
        categorical_autoencoder().sample_posterior(g, settings_of(c), {.batch = draws});
    CHECK(codes.type() == TensorType{{draws, latents}, i32});
    Workers workers(2);
    Execution execution(compile(g, {codes}), store, workers);
    run(execution, batch.inputs());
    std::map<std::size_t, double> share;
    const auto first = execution.get(codes).as<std::int32_t>();
    const std::vector<std::int32_t> drawn(first.begin(), first.end());
    for (std::size_t i = 0; i < drawn.size(); i += latents)
      share[static_cast<std::size_t>(drawn[i] * 4 + drawn[i + 1] * 2 + drawn[i + 2])] += 1. / draws;
    // The encoder's outputs by its parameters.
    const auto affine = [&](const std::vector<double>& x, const std::string& name) {
      const auto weight = store.at(name + "/weight").value().as<float>();
      const auto bias = store.at(name + "/bias").value().as<float>();
      std::vector<double> y(bias.begin(), bias.end());
      for (std::size_t i = 0; i < x.size(); ++i)
        for (std::size_t j = 0; j < y.size(); ++j) y[j] += x[i] * double{weight[i * y.size() + j]};
      return y;
    };
    const auto pixel = one.images.as<float>();
    std::vector<double> features = affine({pixel.begin(), pixel.end()}, "encoder/dense0");
    for (double& x : features) x = std::max(x, 0.);
    const bool conditional = c.latent.posterior == "autoregressive";
    double total = 0;
    for (std::size_t z = 0; z < states; ++z) {
      const double p = std::exp(log_probability_of(
          store, "encoder", affine(features, "encoder/logits"),
          conditional ? affine(features, "encoder/conditional/hidden") : std::vector<double>{}, z));
      total += p;
      CHECK(std::abs(share[z] - p) < 4.5 * std::sqrt(p / draws));
    }
    CHECK(total == doctest::Approx(1));
    execution.run();
    CHECK_FALSE(std::ranges::equal(execution.get(codes).as<std::int32_t>(), drawn));
  }
}

TEST_CASE("categorical VAE: importance weights average to p(x), their logarithms to the bound") {
  for (const CategoricalVae& c : kinds()) {
    Variables store(3);
    test::create(store, categorical_vae, c);
    constexpr std::int64_t copies = 4000;
    const test::ImageBatch batch(copies, c.image, {}, /*same=*/true);
    const double exact = exact_nats(store, c, batch.images.as<float>().data());
    Graph g(store, Mode::evaluate, "weights");
    const auto weights = run(
        categorical_autoencoder().log_weight(g, settings_of(c), {.batch = copies}), batch.inputs());
    double mean = 0, square = 0, ratio = 0, ratio_square = 0;  // of p(x, z) / q(z|x) / p(x)
    for (const float w : weights) {
      mean += double{w} / copies, square += double{w} * w / copies;
      const double r = std::exp(w + exact);
      ratio += r / copies, ratio_square += r * r / copies;
    }
    CHECK(std::abs(ratio - 1) < 4.5 * std::sqrt((ratio_square - ratio * ratio) / copies));
    Graph e(store, Mode::evaluate);
    const Model model = categorical_vae(e, c, {.batch = copies});
    Workers workers(1);
    Execution execution(compile(e, {model.loss.sum, model.metrics.at("elbo").sum}), store, workers);
    run(execution, batch.inputs());
    const double elbo = execution.scalar(model.metrics.at("elbo").sum) / copies;
    CHECK(std::abs(elbo - mean) < 9 * std::sqrt((square - mean * mean) / copies));
    CHECK(elbo < -exact);
    CHECK(execution.scalar(model.loss.sum) / copies == doctest::Approx(-elbo));
  }
}

TEST_CASE("categorical VAE: the exact bound is the mean of the sampled one") {
  for (const bool conditional : {false, true}) {
    CategoricalVae c = conditional ? autoregressive("exact") : small("exact");
    Variables store(3);
    test::create(store, categorical_vae, c);
    constexpr std::int64_t copies = 4000;
    const test::ImageBatch one(1, c.image, {}), batch(copies, c.image, {}, /*same=*/true);
    Graph exact_graph(store);
    const Model exact = categorical_vae(exact_graph, c, {.batch = 1});
    c.latent.estimator = "rloo";
    Graph g(store, Mode::train, "sampled");
    const Model sampled = categorical_vae(g, c, {.batch = copies});
    for (const char* metric : {"elbo", "reconstruction", "kl"})
      CHECK(run(sampled.metrics.at(metric).sum, batch.inputs()).front() / copies ==
            doctest::Approx(run(exact.metrics.at(metric).sum, one.inputs()).front()).epsilon(5e-3));
    CHECK(run(exact.loss.sum, one.inputs()).front() ==
          doctest::Approx(-run(exact.metrics.at("elbo").sum, one.inputs()).front()));
  }
}

TEST_CASE("categorical VAE: gradients of relaxed samples and of the exact bound are slopes") {
  for (const std::string estimator : {"gumbel", "exact"})
    for (const CategoricalVae& c : {small(estimator), autoregressive(estimator)}) {
      Variables store(3);
      test::create(store, categorical_vae, c);
      Graph g(store);
      test::ImageBatch batch(3, c.image, {1, 0, 1});
      batch.kl_weight = Tensor::of<float>({}, {0.5f});
      test::check_gradients(categorical_vae(g, c, {.batch = 3}).loss, batch.inputs());
    }
}

TEST_CASE("categorical VAE: unbiased estimators have the exact gradient of every parameter") {
  for (const bool conditional : {false, true}) {
    CategoricalVae c = conditional ? autoregressive("exact") : small("exact");
    Variables store(3);
    test::create(store, categorical_vae, c);
    Workers workers(1);
    std::map<std::string, std::vector<float>> exact;
    {
      Graph g(store, Mode::train, "exact");
      const test::ImageBatch one(1, c.image, {});
      const Gradients slopes = gradients_of(categorical_vae(g, c, {.batch = 1}).loss);
      for (std::size_t i = 0; i < slopes.sums.size(); ++i)
        exact[g.variable(slopes.parameters[i]).name] = run(slopes.sums[i], one.inputs());
    }
    for (const std::string estimator : {"nvil", "rloo"}) {
      CAPTURE(estimator);
      c.latent.estimator = estimator;
      constexpr std::int64_t copies = 100, runs = 300;
      const test::ImageBatch batch(copies, c.image, {}, /*same=*/true);
      Graph g(store, Mode::train, estimator);
      const Gradients slopes = gradients_of(categorical_vae(g, c, {.batch = copies}).loss);
      Execution execution(compile(g, slopes.sums), store, workers);
      std::vector<std::vector<double>> mean, square;
      for (int i = 0; i < runs; ++i) {
        run(execution, batch.inputs());
        for (std::size_t p = 0; p < slopes.sums.size(); ++p) {
          const auto slope = execution.get(slopes.sums[p]).as<float>();
          if (i == 0) mean.emplace_back(slope.size()), square.emplace_back(slope.size());
          for (std::size_t j = 0; j < slope.size(); ++j) {
            const double x = slope[j] / double{copies};
            mean[p][j] += x / runs, square[p][j] += x * x / runs;
          }
        }
      }
      for (std::size_t p = 0; p < slopes.sums.size(); ++p) {
        const std::string& name = g.variable(slopes.parameters[p]).name;
        CAPTURE(name);
        if (name.starts_with("baseline/")) continue;
        double most = 0;  // distance in standard errors
        for (std::size_t j = 0; j < mean[p].size(); ++j) {
          const double variance = std::max(square[p][j] - mean[p][j] * mean[p][j], 0.);
          most = std::max(
              most, std::abs(mean[p][j] - exact.at(name)[j]) / (std::sqrt(variance / runs) + 1e-5));
        }
        CHECK(most < 4.8);
      }
    }
  }
}

TEST_CASE("categorical VAE: a learned baseline stands apart from the model's gradients") {
  for (const std::string& estimator : estimator_names()) {
    Variables store(3);
    Graph g(store);
    const Model model = categorical_vae(g, autoregressive(estimator), {.batch = 4});
    CHECK(model.apart.empty() == (estimator != "nvil"));
    for (const std::string& prefix : model.apart) CHECK(parameters_of(g, prefix).size() == 4);
  }
}

TEST_CASE("categorical VAE: every estimator learns a batch, and rows without weight do nothing") {
  for (const std::string& estimator : estimator_names()) {
    CAPTURE(estimator);
    const CategoricalVae c = autoregressive(estimator);
    double last[2] = {};
    for (const int kind : {0, 1}) {
      test::ImageBatch batch(4, c.image, {1, 1, 1, 0});
      for (std::size_t i = 0; i < pixels * 4; ++i)
        batch.images.as<float>()[i] = i >= pixels * 3 ? static_cast<float>(kind)
                                                      : static_cast<float>(i / pixels * i % 3 == 1);
      Variables store(3);
      Graph g(store);
      const Model model = categorical_vae(g, c, {.batch = 4});
      optimise({}, gradients_of(model.loss));
      Workers workers(1);
      Execution step(compile(g, {model.loss.sum, model.loss.count}), store, workers);
      step.set("learning_rate", 0.02f);
      double first = 0;
      for (int i = 0; i < 200; ++i) {
        run(step, batch.inputs());
        if (i == 0) first = step.scalar(model.loss.sum) / 3;
      }
      last[kind] = step.scalar(model.loss.sum);
      CHECK(step.scalar(model.loss.count) == 3);
      CHECK(first > 7.5);
      CHECK(last[kind] / 3 < 4);
    }
    CHECK(last[0] == last[1]);
  }
}

TEST_CASE(
    "categorical VAE: statistics are sums over the rows that count, codes are the likeliest") {
  for (const CategoricalVae& c : kinds()) {
    Variables store(3);
    test::create(store, categorical_vae, c);
    const test::ImageBatch batch(5, c.image, {1, 0, 1, 1, 1});
    Graph g(store, Mode::evaluate);
    const Model model = categorical_vae(g, c, {.batch = 5});
    const Value named = g.find("codes");
    Graph e(store, Mode::evaluate, "encode");
    const Value codes = categorical_autoencoder().encode(e, settings_of(c), {.batch = 5});
    Workers workers(1);
    Execution encode(compile(e, {codes}), store, workers), all(compile(g, {named}), store, workers);
    run(encode, batch.inputs());
    run(all, batch.inputs());
    std::vector<float> counts(latents * categories);
    for (std::size_t i = 0; i < 5 * latents; ++i) {
      const auto code = encode.get(codes).as<std::int32_t>()[i];
      CHECK(all.get(named).as<std::int32_t>()[i] == code);
      if (i / latents != 1) ++counts[i % latents * categories + static_cast<std::size_t>(code)];
    }
    CHECK(run(model.statistics.at("code_counts"), batch.inputs()) == counts);
    const auto posterior = run(model.statistics.at("posterior"), batch.inputs());
    for (std::size_t k = 0; k < latents; ++k)
      CHECK(posterior[2 * k] + posterior[2 * k + 1] == doctest::Approx(4));
    double kl = 0;
    for (const float nats : run(model.statistics.at("kl_per_latent"), batch.inputs())) kl += nats;
    // The samples of another run are the same only where they do not matter.
    if (c.latent.posterior == "independent") {
      double entropy = 0;
      for (const float nats : run(model.statistics.at("posterior_entropy"), batch.inputs()))
        entropy += nats;
      if (c.latent.prior == "uniform")  // of which KL(q, p) is what q lacks
        CHECK(kl + entropy == doctest::Approx(4 * latents * std::log(categories)));
      CHECK(entropy > 0);
      CHECK(entropy < 4 * latents * std::log(categories));
      CHECK(kl == doctest::Approx(run(model.metrics.at("kl").sum, batch.inputs()).front()));
    }
  }
}

TEST_CASE("categorical VAE: configurations that make no model are refused") {
  const auto build = [](const CategoricalVae& c) {
    Variables store;
    Graph g(store);
    categorical_vae(g, c, {.batch = 2});
  };
  CategoricalVae c = small();
  CHECK_NOTHROW(build(c));
  c.latent.estimator = "reinforce";
  CHECK_THROWS_AS(build(c), UsageError);
  c = small("rloo");
  c.latent.samples = 1;
  CHECK_THROWS_AS(build(c), UsageError);
  c = small();
  c.latent.prior = "normal";
  CHECK_THROWS_AS(build(c), UsageError);
  c = small();
  c.latent.posterior = "normal";
  CHECK_THROWS_AS(build(c), UsageError);
  c = small("exact");
  c.latent.latents = 20;
  CHECK_THROWS_AS(build(c), UsageError);
}

}  // namespace abax
