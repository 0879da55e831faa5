// The Gaussian VAE: its bound against the definition in double, gradients, weights, its parts.
#include "models/gaussian_vae.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "core/base/error.h"
#include "models/model_settings.h"
#include "tests/models/check_gradients.h"
#include "tests/models/image_batch.h"

namespace abax {
namespace {

using test::run;

GaussianVae small(const std::string& likelihood = "bernoulli") {
  return {.image = {.network = {.size = {4, 3, 1}, .kind = DenseNetwork{{7}}},
                    .pixels = {.likelihood = likelihood}},
          .latent = {.latents = 3}};
}

}  // namespace

TEST_CASE(
    "gaussian VAE: the loss is the bound of the sample that was drawn, rows without weight "
    "left out") {
  const GaussianVae c = small();
  Variables store(3);
  test::ImageBatch batch(5, c.image, {1, 1, 0, 1, 1});
  batch.kl_weight = Tensor::of<float>({}, {0.5f});
  test::create(store, gaussian_vae, c);
  Graph g(store, Mode::train);
  const Model model = gaussian_vae(g, c, {.batch = 5});
  const Value mean = g.find("codes"), log_variance = g.find("encoder/log_variance/add");
  Workers workers(1);
  std::vector<Value> outputs{model.loss.sum, model.loss.count, mean, log_variance, model.output};
  for (const auto& [name, metric] : model.metrics) outputs.push_back(metric.sum);
  Execution execution(compile(g, outputs), store, workers);
  run(execution, batch.inputs());

  const auto means = execution.get(mean).as<float>(), lv = execution.get(log_variance).as<float>();
  const auto pixels = execution.get(model.output).as<float>();
  double kl = 0, log_likelihood = 0;
  for (std::size_t row = 0; row < 5; ++row) {
    if (row == 2) continue;
    for (std::size_t k = 0; k < 3; ++k) {
      const double m = means[row * 3 + k], s2 = std::exp(double{lv[row * 3 + k]});
      // The integral of q log(q / p), from -12 to 12 deviations.
      const double deviation = std::sqrt(s2);
      constexpr int steps = 4000;
      for (int i = 0; i < steps; ++i) {
        const double u = -12 + 24 * (i + 0.5) / steps, z = m + deviation * u;
        const double q = std::exp(-u * u / 2) / std::sqrt(2 * std::numbers::pi);
        kl += 24.0 / steps * q * (-u * u / 2 - std::log(deviation) + z * z / 2);
      }
    }
    for (std::size_t i = 0; i < 12; ++i) {
      const double p = pixels[row * 12 + i], x = batch.images.as<float>()[row * 12 + i];
      log_likelihood += x * std::log(p) + (1 - x) * std::log(1 - p);
    }
  }
  CHECK(execution.scalar(model.loss.count) == 4);
  CHECK(execution.scalar(model.metrics.at("kl").sum) == doctest::Approx(kl).epsilon(1e-4));
  CHECK(execution.scalar(model.metrics.at("reconstruction").sum) ==
        doctest::Approx(-log_likelihood).epsilon(1e-4));
  CHECK(execution.scalar(model.metrics.at("elbo").sum) ==
        doctest::Approx(log_likelihood - kl).epsilon(1e-4));
  CHECK(execution.scalar(model.loss.sum) ==
        doctest::Approx(0.5 * kl - log_likelihood).epsilon(1e-4));
}

TEST_CASE("gaussian VAE: gradients are slopes of the loss, for every likelihood") {
  for (const char* likelihood : {"bernoulli", "gaussian", "logistic"}) {
    const GaussianVae c = small(likelihood);
    Variables store(3);
    test::create(store, gaussian_vae, c);
    Graph g(store, Mode::train);
    const test::ImageBatch batch(4, c.image, {1, 0, 1, 1});
    test::check_gradients(gaussian_vae(g, c, {.batch = 4}).loss, batch.inputs());
  }
}

TEST_CASE("gaussian VAE: convolutions stand behind and before linear layers of the latent") {
  GaussianVae c = small();
  c.image.network = {.size = {4, 8, 1},
                     .kind = ConvolutionNetwork{.channels = 6, .residual_channels = 4}};
  Variables store(3);
  Graph g(store, Mode::train);
  test::ImageBatch batch(2, c.image, {});
  std::ranges::fill(batch.images.as<float>().first(32), 1.f);
  const Model model = gaussian_vae(g, c, {.batch = 2});
  CHECK(model.output.shape() == Shape{2, 4, 8, 1});
  CHECK(store[store.find("decoder/features/weight")].value().shape() == Shape{3, 1 * 2 * 6});
  optimise({}, gradients_of(model.loss));
  Workers workers(1);
  Execution step(compile(g, {model.loss.sum}), store, workers);
  step.set("learning_rate", 0.01f);
  run(step, batch.inputs());
  const double first = step.scalar(model.loss.sum);
  for (int i = 0; i < 150; ++i) run(step, batch.inputs());
  CHECK(step.scalar(model.loss.sum) < 0.8 * first);
}

TEST_CASE("gaussian VAE: the mean of log weights is the bound, and more samples raise it") {
  const GaussianVae c = small();
  Variables store(3);
  test::create(store, gaussian_vae, c);
  constexpr int copies = 4000;  // of one image, so that one run has many samples
  const test::ImageBatch batch(copies, c.image, {}, /*same=*/true);
  Graph g(store, Mode::evaluate);
  const Model model = gaussian_vae(g, c, {.batch = copies});
  Graph weights(store, Mode::evaluate, "weights");
  const ModelSettings settings("gaussian_vae", c);
  const auto w =
      run(gaussian_autoencoder().log_weight(weights, settings, {.batch = copies}), batch.inputs());
  REQUIRE(w.size() == copies);
  double mean = 0, square = 0, exponentials = 0;
  for (const float x : w) mean += x / copies, square += double{x} * x / copies;
  for (const float x : w) exponentials += std::exp(x - mean) / copies;
  const double error = std::sqrt((square - mean * mean) / copies);
  const double elbo = run(model.metrics.at("elbo").sum, batch.inputs()).front() / copies;
  CHECK(std::abs(mean - elbo) < 6.4 * error);
  CHECK(std::log(exponentials) > 0.001);
}

TEST_CASE("gaussian VAE: a log weight is log p(x|z) + log p(z) - log q(z|x)") {
  const GaussianVae c = small();
  Variables store(3);
  test::create(store, gaussian_vae, c);
  const test::ImageBatch batch(3, c.image, {});
  Graph g(store, Mode::evaluate, "draw");
  const Model model = gaussian_vae(g, c, {.batch = 3});
  const Value mean = g.find("codes"), log_variance = g.find("encoder/log_variance/add"),
              noise = g.find("noise");
  Workers workers(1);
  Execution execution(compile(g, {mean, log_variance, noise, model.output}), store, workers);
  run(execution, batch.inputs());
  // Another graph of this label that runs for the first time draws the same noise.
  store.runs("draw") = 0;
  Graph again(store, Mode::evaluate, "draw");
  const ModelSettings settings("gaussian_vae", c);
  const auto got =
      run(gaussian_autoencoder().log_weight(again, settings, {.batch = 3}), batch.inputs());
  for (std::size_t row = 0; row < 3; ++row) {
    double expected = 0;
    for (std::size_t k = row * 3; k < row * 3 + 3; ++k) {
      const double m = execution.get(mean).as<float>()[k];
      const double deviation = std::exp(execution.get(log_variance).as<float>()[k] / 2.);
      const double z = m + deviation * execution.get(noise).as<float>()[k];
      const auto log_normal = [](double x, double centre, double spread) {
        const double u = (x - centre) / spread;
        return -u * u / 2 - std::log(spread * std::sqrt(2 * std::numbers::pi));
      };
      expected += log_normal(z, 0, 1) - log_normal(z, m, deviation);
    }
    for (std::size_t i = row * 12; i < row * 12 + 12; ++i) {
      const double p = execution.get(model.output).as<float>()[i], x = batch.images.as<float>()[i];
      expected += x * std::log(p) + (1 - x) * std::log(1 - p);
    }
    CHECK(got[row] == doctest::Approx(expected).epsilon(1e-4));
  }
}

TEST_CASE("gaussian VAE: codes drawn from the posterior have its moments") {
  const GaussianVae c = small();
  Variables store(3);
  test::create(store, gaussian_vae, c);
  constexpr std::int64_t draws = 20'000;
  const test::ImageBatch one(1, c.image, {}), batch(draws, c.image, {}, /*same=*/true);
  Graph p(store, Mode::evaluate), g(store, Mode::evaluate, "draw");
  const Autoencoder parts = gaussian_autoencoder();
  const ModelSettings settings("gaussian_vae", c);
  const auto [mean, log_variance] = parts.posterior(p, settings, {.batch = 1});
  const auto means = run(mean, one.inputs()), log_variances = run(log_variance, one.inputs());
  Graph e(store, Mode::evaluate, "encode");
  CHECK(run(parts.encode(e, settings, {.batch = 1}), one.inputs()) == means);
  const auto z = run(parts.sample_posterior(g, settings, {.batch = draws}),
                     batch.inputs());  // [draws, 3]
  REQUIRE(z.size() == draws * 3);
  for (std::size_t k = 0; k < 3; ++k) {
    double first = 0, second = 0;
    for (std::size_t i = k; i < z.size(); i += 3) {
      const double distance = double{z[i]} - means[k];
      first += distance / draws, second += distance * distance / draws;
    }
    const double variance = std::exp(double{log_variances[k]});
    CHECK(std::abs(first) < 4.5 * std::sqrt(variance / draws));
    CHECK(std::abs(second / variance - 1) < 4.5 * std::sqrt(2. / draws));
  }
}

TEST_CASE("gaussian VAE: encoding, decoding, samples and statistics") {
  const GaussianVae c = small();
  Variables store(3);
  test::create(store, gaussian_vae, c);
  const test::ImageBatch batch(5, c.image, {1, 1, 0, 1, 0});
  const Autoencoder parts = gaussian_autoencoder();
  const ModelSettings settings("gaussian_vae", c);
  CHECK(parts.shape(settings).positions == 3);
  CHECK(parts.shape(settings).kinds == 0);
  Graph e(store, Mode::evaluate, "encode");
  const auto codes = run(parts.encode(e, settings, {.batch = 5}), batch.inputs());
  REQUIRE(codes.size() == 15);
  Graph d(store, Mode::evaluate, "decode");
  const Value pixels = parts.decode(d, settings, parts.sample(d, settings, 6));
  CHECK(pixels.shape() == Shape{6, 4, 3, 1});
  for (const float p : run(pixels, {})) CHECK((p > 0 && p < 1));
  Graph g(store, Mode::evaluate);
  const Model model = gaussian_vae(g, c, {.batch = 5});
  const auto mean = run(model.statistics.at("mean"), batch.inputs());
  const auto square = run(model.statistics.at("mean_square"), batch.inputs());
  double kl = 0;
  for (const float nats : run(model.statistics.at("kl_per_latent"), batch.inputs())) kl += nats;
  CHECK(kl == doctest::Approx(run(model.metrics.at("kl").sum, batch.inputs()).front()));
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(mean[k] == doctest::Approx(codes[k] + codes[3 + k] + codes[9 + k]));
    CHECK(square[k] == doctest::Approx(codes[k] * codes[k] + codes[3 + k] * codes[3 + k] +
                                       codes[9 + k] * codes[9 + k]));
  }
}

}  // namespace abax
