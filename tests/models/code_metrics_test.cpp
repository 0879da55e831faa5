// Perplexity, usage, entropies, active units against their definitions.
#include "models/metrics/code_metrics.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

#include <cmath>

namespace abax {

using doctest::Approx;

TEST_CASE("code metrics: perplexity and usage are means over codebooks") {
  Evaluation pass{.loss = {0, 8}, .metrics = {}, .statistics = {}};
  pass.statistics["code_counts"] = {4, 4, 0, 0, /*second book*/ 2, 2, 2, 2};
  const auto results = code_metrics(pass, {.positions = 2, .kinds = 4});
  CHECK(results.at("code_perplexity") == Approx((2.0 + 4.0) / 2));
  CHECK(results.at("code_usage") == Approx(6.0 / 8));
  CHECK(results.size() == 2);
  pass.statistics["code_counts"] = {0, 0, 0, 0};
  CHECK(code_metrics(pass, {.positions = 2, .kinds = 4}).at("code_perplexity") == 1);
}

TEST_CASE("code metrics: the aggregate's entropy less the mean entropy is the information") {
  // Two images. The first latent tells them apart, the second says nothing.
  Evaluation pass{.loss = {0, 2}, .metrics = {}, .statistics = {}};
  pass.statistics["posterior"] = {1, 1, /*second latent*/ 0.5 + 0.5, 0.5 + 0.5};
  pass.statistics["posterior_entropy"] = {0, 2 * std::log(2)};
  const auto results = code_metrics(pass, {.positions = 2, .kinds = 2});
  CHECK(results.at("aggregate_entropy") == Approx(2 * std::log(2)));
  CHECK(results.at("mutual_information_sum") == Approx(std::log(2)));
}

TEST_CASE("code metrics: latents that tell the same are counted each: a sum above log N") {
  // Two images, three latents, each of which tells them apart.
  Evaluation pass{.loss = {0, 2}, .metrics = {}, .statistics = {}};
  pass.statistics["posterior"] = {1, 1, 1, 1, 1, 1};
  pass.statistics["posterior_entropy"] = {0, 0, 0};
  const auto results = code_metrics(pass, {.positions = 3, .kinds = 2});
  CHECK(results.at("mutual_information_sum") == Approx(3 * std::log(2)));
  CHECK_FALSE(results.contains("mutual_information"));
}

TEST_CASE("code metrics: the entropy of quantised codes is that of each position, added up") {
  // Four images of two codes: the first 0, 0, 1, 1, the second always 2.
  Evaluation pass{.loss = {0, 4}, .metrics = {}, .statistics = {}};
  pass.statistics["code_counts"] = {2, 2, 4};
  pass.statistics["posterior"] = {2, 2, 0, /*second position*/ 0, 0, 4};
  const auto results = code_metrics(pass, {.positions = 2, .kinds = 3});
  CHECK(results.at("aggregate_entropy") == Approx(std::log(2)));
  CHECK(results.at("code_perplexity") == Approx(std::exp(1.5 * std::log(2))));
  CHECK_FALSE(results.contains("mutual_information_sum"));
}

TEST_CASE("code metrics: a unit is active where its mean varies") {
  // Means of three images: 1, 2, 3 (variance 2/3); 5, 5, 5; 0, 0.1, 0.2 (variance 0.0067).
  Evaluation pass{.loss = {0, 3}, .metrics = {}, .statistics = {}};
  pass.statistics["mean"] = {6, 15, 0.3};
  pass.statistics["mean_square"] = {14, 75, 0.05};
  CHECK(code_metrics(pass, {.positions = 3}).at("active_units") == 1);
  CHECK(code_metrics({}, {.positions = 3}).empty());
}

TEST_CASE("code metrics: active units of an array of means") {
  const Tensor means = Tensor::of<float>({3, 3}, {5, 0, 0.1f, 5, 1, 0.2f, 5, 2, 0.3f});
  CHECK(active_units(means) == 1);  // variances 0, 2/3 and 0.0067
  CHECK(active_units(means, 0.001) == 2);
  CHECK_THROWS_AS(active_units(Tensor({0, 3})), ShapeError);
  CHECK_THROWS_AS(active_units(Tensor({3})), ShapeError);
}

}  // namespace abax
