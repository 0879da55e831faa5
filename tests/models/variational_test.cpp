// Images around a latent, with autoregressive pixels: that they are a distribution, that draws
// follow it, gradients.
#include "models/layers/image_modality.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "core/base/error.h"
#include "models/categorical_vae.h"
#include "models/gaussian_vae.h"
#include "tests/models/check_gradients.h"
#include "tests/models/image_batch.h"

namespace abax {
namespace {

using test::run;

/// Images of 3 x 2 pixels: 64 of 0 and 1.
constexpr std::size_t pixels = 6, images = 64;

ImageModality modality(const std::string& likelihood = "bernoulli") {
  return {.network = {.size = {3, 2, 1}, .kind = DenseNetwork{{7}}},
          .pixels = {.likelihood = likelihood}};
}
constexpr PixelConditioning rows{"autoregressive", 9};

GaussianVae gaussian(const std::string& likelihood = "bernoulli") {
  return {.image = modality(likelihood),
          .latent = {.latents = 3},
          .pixels = "autoregressive",
          .width = 9};
}
CategoricalVae categorical(const std::string& estimator = "gumbel") {
  return {.image = modality(),
          .latent = {.latents = 3, .categories = 4, .estimator = estimator, .samples = 2},
          .pixels = "autoregressive",
          .width = 9};
}

/// All images, and one z for each of them (or of more rows).
Tensor all_images() {
  Tensor result({images, 3, 2, 1});
  for (std::size_t i = 0; i < images * pixels; ++i)
    result.as<float>()[i] = static_cast<float>(i / pixels >> i % pixels & 1);
  return result;
}
Tensor same_z(std::int64_t rows) {
  Tensor z({rows, 3});
  for (std::size_t i = 0; i < z.as<float>().size(); ++i)
    z.as<float>()[i] = std::array{0.7f, -1.1f, 0.4f}[i % 3];
  return z;
}

}  // namespace

TEST_CASE("images: autoregressive pixels are a distribution, and draws follow it") {
  const ImageModality c = modality();
  Variables store(5);
  test::create(store, gaussian_vae, gaussian(), 0.7);
  const Tensor x = all_images(), z = same_z(images);
  Graph g(store, Mode::evaluate);
  const Value given = g.input("images", x.shape());
  const Value parameters = decoded_pixels(g.input("z", z.shape()), given, c, rows);
  const auto nats =
      run(pixel_log_likelihood(parameters, given, c.pixels), {{"images", &x}, {"z", &z}});
  double total = 0;
  std::array<double, pixels> expected{};
  for (std::size_t i = 0; i < images; ++i) {
    const double p = std::exp(nats[i]);
    total += p;
    for (std::size_t j = 0; j < pixels; ++j) expected[j] += i >> j & 1 ? p : 0;
  }
  CHECK(total == doctest::Approx(1).epsilon(1e-5));

  constexpr std::int64_t draws = 20'000;
  const Tensor many = same_z(draws);
  Graph d(store, Mode::evaluate, "draw");
  const auto means = run(drawn_pixels(d.input("z", many.shape()), c, rows), {{"z", &many}});
  for (std::size_t j = 0; j < pixels; ++j) {
    double mean = 0;
    for (std::size_t i = j; i < means.size(); i += pixels) mean += means[i] / double{draws};
    CHECK(std::abs(mean - expected[j]) < 0.018);
  }
}

TEST_CASE("images: the parameters of a row of pixels know the rows above it alone") {
  for (const char* likelihood : {"bernoulli", "logistic"}) {
    const ImageModality c = modality(likelihood);
    Variables store(5);
    test::create(store, gaussian_vae, gaussian(likelihood), 0.7);
    const std::int64_t size = 2 * pixel_outputs(c.pixels);
    const Tensor z = same_z(1);
    const auto parameters = [&](std::size_t changed) {
      Tensor x({1, 3, 2, 1});
      x.as<float>()[changed] = 1;
      Graph g(store, Mode::evaluate);
      return run(decoded_pixels(g.input("z", z.shape()), g.input("images", x.shape()), c, rows),
                 {{"images", &x}, {"z", &z}});
    };
    const auto first = parameters(0), second = parameters(2), third = parameters(4);
    for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i) {
      CHECK(first[i] == second[i]);
      CHECK(second[i] == third[i]);
      const std::size_t below = static_cast<std::size_t>(size) + i;
      CHECK(first[below] != third[below]);
      CHECK(second[below] == third[below]);
      CHECK(second[below + static_cast<std::size_t>(size)] !=
            third[below + static_cast<std::size_t>(size)]);
    }
  }
}

TEST_CASE("images: gradients of models with autoregressive pixels are slopes") {
  const auto check = [](auto build, const auto& c, std::int64_t rows, std::vector<float> weights) {
    Variables store(3);
    test::create(store, build, c);
    Graph g(store, Mode::train);
    const test::ImageBatch batch(rows, c.image, std::move(weights));
    test::check_gradients(build(g, c, {.batch = rows}).loss, batch.inputs());
  };
  check(gaussian_vae, gaussian(), 3, {1, 0, 1});
  check(categorical_vae, categorical(), 3, {1, 0, 1});
  // All states have the pixels of each image.
  check(categorical_vae, categorical("exact"), 2, {});
}

TEST_CASE("images: unknown kinds of pixels are refused") {
  GaussianVae c = gaussian();
  c.pixels = "rows";
  Variables store;
  Graph g(store);
  CHECK_THROWS_AS(gaussian_vae(g, c, {.batch = 1}), UsageError);
}

}  // namespace abax
