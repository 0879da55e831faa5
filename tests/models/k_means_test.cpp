// k-means, and codebooks that start by it.
#include "models/latents/k_means.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "core/base/error.h"
#include "models/vqvae.h"
#include "tests/models/image_batch.h"
#include "tests/models/quantiser_bench.h"

namespace abax {

TEST_CASE("k-means: finds clusters far apart, the same for any number of threads") {
  constexpr std::int64_t clusters = 9, each = 50;
  Tensor vectors({clusters * each, 2});
  Random random(5);
  for (std::size_t i = 0; i < 450; ++i) {
    const auto cluster = static_cast<double>(i % 9);
    vectors.as<float>()[2 * i] = static_cast<float>(10 * cluster + 0.1 * random.normal());
    vectors.as<float>()[2 * i + 1] = static_cast<float>(5 * cluster + 0.1 * random.normal());
  }
  Workers one(1), four(4);
  const Tensor centres = k_means(vectors, clusters, 5, 1, one);
  std::set<int> found;
  for (std::size_t i = 0; i < 9; ++i) {
    const double cluster = double{centres.as<float>()[2 * i]} / 10;
    CHECK(std::abs(cluster - std::round(cluster)) < 0.01);
    found.insert(static_cast<int>(std::round(cluster)));
  }
  CHECK(found.size() == 9);
  const Tensor again = k_means(vectors, clusters, 5, 1, four);
  CHECK(test::as_doubles(again) == test::as_doubles(centres));
  CHECK(test::as_doubles(k_means(vectors, clusters, 5, 2, one)) != test::as_doubles(centres));
}

TEST_CASE("k-means: fewer different vectors than codes come several times; none is refused") {
  const Tensor vectors = Tensor::of<float>({3, 1}, {4, 4, 7});
  Workers workers(1);
  const Tensor centres = k_means(vectors, 5, 3, 1, workers);
  const auto values = centres.as<float>();
  CHECK(std::set<float>(values.begin(), values.end()) == std::set<float>{4, 7});
  CHECK_THROWS_AS(k_means(Tensor({0, 3}), 5, 3, 1, workers), UsageError);
}

TEST_CASE("k-means: codebooks start from what reaches them, one stage after another") {
  const Vqvae c{
      .image = {.network = {.size = {4, 4, 1}, .kind = DenseNetwork{{12}}},
                .pixels = {.likelihood = "gaussian"}},
      .quantiser = {
          .kind = Nearest{.codes = 6, .restart_below = 0.5f}, .code_width = 3, .stages = 2}};
  Variables store(3);
  test::create(store, vqvae, c);
  Graph g(store, Mode::evaluate);
  const Model model = vqvae(g, c, {.batch = 8});
  const auto commitment = [&](const test::ImageBatch& batch) {
    return test::run(model.metrics.at("commitment").sum, batch.inputs())[0];
  };
  std::vector<float> weights(8, 1);
  weights[5] = 0;
  test::ImageBatch batch(8, c.image, weights);
  const float before = commitment(batch);
  std::vector<std::pair<std::string, Tensor>> inputs;
  inputs.emplace_back("images", batch.images.clone());
  inputs.emplace_back("weights", batch.weights.clone());
  const std::vector<BatchInputs> batches{inputs};
  Workers workers(2);
  prepare_vqvae(store, c, batches, workers);
  const float after = commitment(batch);
  CHECK(after < 0.3f * before);
  const auto book = test::as_doubles(store.at("codebook1").value());
  const auto sums = test::as_doubles(store.at("codebook1/sums").value());
  for (const double count : test::as_doubles(store.at("codebook1/counts").value()))
    CHECK(count == 1.5);
  for (std::size_t i = 0; i < book.size(); ++i) CHECK(sums[i] == doctest::Approx(1.5 * book[i]));
  // The second stage is of what the first leaves: smaller.
  CHECK(test::most(book) < test::most(test::as_doubles(store.at("codebook0").value())));
  // What the row without weight holds does not matter.
  const auto started = test::as_doubles(store.at("codebook0").value());
  for (std::size_t i = 0; i < 16; ++i) inputs[0].second.as<float>()[5 * 16 + i] = 1;
  prepare_vqvae(store, c, batches, workers);
  CHECK(test::as_doubles(store.at("codebook0").value()) == started);
  // Without batches the averages begin anew at the codes that are there.
  test::set(store, "codebook0", [](std::size_t i) { return static_cast<float>(i); });
  prepare_vqvae(store, c, {}, workers);
  CHECK(test::as_doubles(store.at("codebook0").value())[7] == 7);
  CHECK(test::as_doubles(store.at("codebook0/sums").value())[7] == 10.5);
  // Where codebooks start at random, data change nothing.
  Vqvae random = c;
  std::get<Nearest>(random.quantiser.kind).codebook_start = "random";
  prepare_vqvae(store, random, batches, workers);
  CHECK(test::as_doubles(store.at("codebook0").value())[7] == 7);
  for (float& weight : inputs[1].second.as<float>()) weight = 0;
  CHECK_THROWS_AS(prepare_vqvae(store, c, batches, workers), UsageError);
}

}  // namespace abax
