// The mutual information of items and Gaussian latents: known cases, an integral, plain loops over
// a model's own posterior.
#include "models/metrics/mutual_information.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "core/base/error.h"
#include "models/gaussian_vae.h"
#include "models/model_settings.h"
#include "models/registry.h"
#include "tests/models/image_batch.h"

namespace abax {
namespace {

using doctest::Approx;

GaussianPosteriors posteriors(Shape shape, const std::vector<float>& means, float log_variance) {
  GaussianPosteriors result{Tensor::of<float>(shape, means), Tensor(shape)};
  std::ranges::fill(result.log_variance.as<float>(), log_variance);
  return result;
}

double normal_density(double z, double mean, double variance) {
  return std::exp(-0.5 * (z - mean) * (z - mean) / variance) /
         std::sqrt(2 * std::numbers::pi * variance);
}

GaussianVae settings() {
  return {.image = {.network = {.size = test::NumberedImages::size, .kind = DenseNetwork{{8}}}},
          .latent = {.latents = 3}};
}

}  // namespace

TEST_CASE("mutual information: images told apart have log N, equal posteriors none") {
  Workers workers(2);
  const auto nats = [&](const GaussianPosteriors& q) {
    return latent_information(q, 1, workers).mutual_information;
  };
  CHECK(nats(posteriors({2, 1}, {0, 1000}, 0)) == Approx(std::log(2)));
  CHECK(nats(posteriors({2, 2}, {0.5f, -1, 0.5f, -1}, -2)) == Approx(0));
  CHECK(nats(posteriors({1, 3}, {1, 2, 3}, 0.5f)) == Approx(0));
  CHECK(nats(posteriors({3, 2}, {0, 0, 0, 100, 100, 0}, -1)) == Approx(std::log(3)));
  // Two pairs of equal ones: half of the bits of telling four apart.
  CHECK(nats(posteriors({4, 1}, {0, 0, 100, 100}, 0)) == Approx(std::log(2)));
  // Far beyond what exp() of a density holds.
  CHECK(nats(posteriors({2, 1}, {0, 1e6f}, -8)) == Approx(std::log(2)));
  CHECK(nats(posteriors({5, 0}, {}, 0)) == Approx(0));
  CHECK_THROWS_AS(nats(posteriors({0, 2}, {}, 0)), ShapeError);
  CHECK_THROWS_AS(nats(posteriors({2}, {1, 2}, 0)), ShapeError);
  CHECK_THROWS_AS(nats({Tensor({2, 3}), Tensor({3, 2})}), ShapeError);
}

TEST_CASE("mutual information: overlapping posteriors by an integral, for any number of threads") {
  // Half of the images have N(0, 0.5), the others N(1.5, 2): as two that come again and again.
  constexpr int images = 2000;
  GaussianPosteriors q{Tensor({images, 1}), Tensor({images, 1})};
  for (int i = 0; i < images; ++i) {
    q.mean.as<float>()[static_cast<std::size_t>(i)] = i % 2 ? 1.5f : 0.f;
    q.log_variance.as<float>()[static_cast<std::size_t>(i)] = std::log(i % 2 ? 2.f : 0.5f);
  }
  double expected = 0, entropy = 0;
  constexpr double width = 0.001;
  for (double z = -15; z < 15; z += width) {
    const double a = normal_density(z, 0, 0.5), b = normal_density(z, 1.5, 2);
    expected += 0.5 * width * (a * std::log(2 * a / (a + b)) + b * std::log(2 * b / (a + b)));
    entropy -= width * 0.5 * (a + b) * std::log(0.5 * (a + b));
  }
  Workers one(1), three(3);
  const auto nats = latent_information(q, 1, one);
  CHECK(std::abs(nats.mutual_information - expected) <
        0.05);  // its deviation is below 0.5 / sqrt(2000)
  CHECK(std::abs(nats.aggregate_entropy - entropy) < 0.1);  // likewise, below 1 / sqrt(2000)
  CHECK(latent_information(q, 1, three).mutual_information == nats.mutual_information);
  CHECK(latent_information(q, 1, three).aggregate_entropy == nats.aggregate_entropy);
  CHECK(latent_information(q, 2, one).mutual_information != nats.mutual_information);
}

TEST_CASE("mutual information: the posteriors are the model's, without padding, evenly spaced") {
  Variables store(1);
  test::create(store, gaussian_vae, settings());
  const ModelSettings model("gaussian_vae", settings());
  Workers workers(2);
  const test::NumberedImages padded(7, 3), whole(7, 7);
  const auto of = [&](const data::BatchSource& source, std::int64_t most) {
    return gaussian_posteriors(store, model, workers, source, most);
  };
  const GaussianPosteriors all = of(padded, 100);
  CHECK(all.mean.shape() == Shape{7, 3});
  CHECK(all.log_variance.shape() == Shape{7, 3});

  Graph g(store, Mode::evaluate);
  const auto [mean, log_variance] = model.entry().autoencoder.posterior(g, model, {.batch = 7});
  const data::Batch batch = whole.make(0);
  const test::Inputs inputs{{"images", &batch.input("images")}};
  const auto means = test::run(mean, inputs), log_variances = test::run(log_variance, inputs);
  CHECK(std::ranges::equal(all.mean.as<float>(), means));
  CHECK(std::ranges::equal(all.log_variance.as<float>(), log_variances));

  // By the definition, with the same noise.
  double expected = 0, entropy = 0;
  for (std::size_t n = 0; n < 7; ++n) {
    Random random(stream_key(5, "mutual information", "noise"), n);
    std::vector<double> z, q(7, 1.);
    for (std::size_t k = 0; k < 3; ++k)
      z.push_back(means[n * 3 + k] + std::exp(0.5 * log_variances[n * 3 + k]) * random.normal());
    double aggregate = 0;
    for (std::size_t j = 0; j < 7; ++j) {
      for (std::size_t k = 0; k < 3; ++k)
        q[j] *= normal_density(z[k], means[j * 3 + k], std::exp(double{log_variances[j * 3 + k]}));
      aggregate += q[j] / 7;
    }
    expected += std::log(q[n] / aggregate) / 7;
    entropy -= std::log(aggregate) / 7;
  }
  const LatentInformation found = latent_information(all, 5, workers);
  CHECK(found.mutual_information == Approx(expected).epsilon(1e-9));
  CHECK(found.aggregate_entropy == Approx(entropy).epsilon(1e-9));
  CHECK(std::abs(expected) > 0.001);

  const GaussianPosteriors some = of(padded, 3);  // images 0, 2 and 4
  CHECK(some.mean.shape() == Shape{3, 3});
  for (std::size_t i = 0; i < 9; ++i)
    CHECK(some.log_variance.as<float>()[i] == log_variances[i / 3 * 6 + i % 3]);
  CHECK_THROWS_AS(gaussian_posteriors(store, ModelSettings("vqvae"), workers, padded), UsageError);
}

}  // namespace abax
