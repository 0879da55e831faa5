// From states to a fixed number of vectors: which states each part has, padding, gradients.
#include "models/layers/resampler.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "tests/models/check_gradients.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

Resampler pooling(const char* kind, std::int64_t latents) {
  return {.kind = StridedPooling{kind}, .latents = latents};
}

/// States [time, batch, width] whose numbers grow with time; beyond the lengths `padding`.
Tensor states(std::int64_t time, const std::vector<std::int32_t>& lengths, std::int64_t width,
              float padding = 1e6f) {
  const std::int64_t batch = std::ssize(lengths);
  Tensor y({time, batch, width});
  std::size_t at = 0;
  for (std::int64_t t = 0; t < time; ++t)
    for (std::int64_t b = 0; b < batch; ++b)
      for (std::int64_t k = 0; k < width; ++k)
        y.as<float>()[at++] = t < lengths[static_cast<std::size_t>(b)]
                                  ? static_cast<float>(10 * b + t) + 0.1f * static_cast<float>(k)
                                  : padding;
  return y;
}

/// The vectors [batch, positions, width] of such states.
std::vector<float> resampled_of(Variables& store, const Resampler& c, const Tensor& y,
                                const std::vector<std::int32_t>& lengths) {
  Graph g(store);
  const std::int64_t batch = y.shape()[1];
  const Value x = resampled({g.input("y", y.shape()), g.input("lengths", {batch}, i32)}, c);
  CHECK(x.shape() == Shape{batch, c.latents, y.shape()[2]});
  const Tensor counts = Tensor::of<std::int32_t>({batch}, lengths);
  return test::run(x, {{"y", &y}, {"lengths", &counts}});
}

}  // namespace

TEST_CASE("resampler: equal parts of each sentence, of its own length") {
  const std::vector<std::int32_t> lengths{6, 3, 2, 0};
  const Tensor y = states(7, lengths, 1);
  Variables store;
  // Three parts of 6 states: 0 1 | 2 3 | 4 5; of 3: one each; of 2: 0 | 0 1 | 1.
  const std::vector<float> means{0.5f, 2.5f, 4.5f, 10, 11, 12, 20, 20.5f, 21, 0, 0, 0};
  CHECK(test::difference(resampled_of(store, pooling("mean", 3), y, lengths), means) < 1e-5);
  const std::vector<float> most{1, 3, 5, 10, 11, 12, 20, 21, 21, 0, 0, 0};
  CHECK(resampled_of(store, pooling("max", 3), y, lengths) == most);
}

TEST_CASE("resampler: padding and its amount change nothing") {
  for (const Resampler& c : {pooling("mean", 3), pooling("max", 3),
                             Resampler{.kind = LearnedQueries{2}, .latents = 3}}) {
    Variables store(1);
    const auto alone = resampled_of(store, c, states(4, {4}, 4), {4});
    const auto among = resampled_of(store, c, states(9, {4, 2, 0}, 4, -7), {4, 2, 0});
    for (std::size_t i = 0; i < alone.size(); ++i) CHECK(alone[i] == doctest::Approx(among[i]));
    for (std::size_t i = 2 * alone.size(); i < among.size(); ++i) CHECK(among[i] == 0);
  }
}

TEST_CASE("resampler: each query finds something of its own, and learns") {
  Variables store(1);
  const Resampler c{.kind = LearnedQueries{2}, .latents = 3};
  Graph g(store);
  const Value x =
      resampled({g.parameter("y", {5, 2, 4}, init::normal(1)), g.input("lengths", {2}, i32)}, c);
  const Tensor lengths = Tensor::of<std::int32_t>({2}, {5, 3});
  const auto found = test::run(x, {{"lengths", &lengths}});
  for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(found[i] - found[4 + i]) > 1e-3f);
  const Value loss = sum(x * x * g.constant(0.5f));
  test::check_gradients({loss, g.constant(1.f)}, {{"lengths", &lengths}});
  CHECK(store.at("queries/query").value().shape() == Shape{3, 1, 4});
}

TEST_CASE("resampler: what does not fit is refused") {
  Variables store;
  Graph g(store);
  const Encoded states{g.input("y", {5, 2, 6}), g.input("lengths", {2}, i32)};
  CHECK_THROWS_AS(resampled(states, {.kind = LearnedQueries{4}}), UsageError);
  CHECK_THROWS_AS(resampled(states, pooling("last", 3)), UsageError);
  CHECK_THROWS_AS(resampled(states, pooling("mean", 0)), UsageError);
  CHECK(misfit(Resampler{}, 6).find("4 do not divide 6") != std::string::npos);
  CHECK(misfit(pooling("mean", 3), 6).empty());
}

}  // namespace abax
