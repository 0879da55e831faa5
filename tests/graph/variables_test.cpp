// The store of variables and their first values.
#include "core/graph/variables.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/graph.h"

namespace abax {
namespace {

Tensor made(const Initialiser& initialiser, Shape shape, std::uint64_t seed = 1,
            std::string name = "w") {
  Variables store(seed);
  const int index = store.create(std::move(name), {shape}, Role::trainable, initialiser);
  return store[index].value().clone();
}

bool equal(const Tensor& a, const Tensor& b) {
  return std::ranges::equal(a.as<float>(), b.as<float>());
}

/// The product of rows (or columns) i and j.
double dot(const Tensor& w, std::int64_t i, std::int64_t j, bool of_rows) {
  const auto x = w.as<float>();
  const auto rows = w.shape()[0], columns = w.shape()[1];
  const auto at = [&](std::int64_t vector, std::int64_t k) {
    return double{
        x[static_cast<std::size_t>(of_rows ? vector * columns + k : k * columns + vector)]};
  };
  double sum = 0;
  for (std::int64_t k = 0; k < (of_rows ? columns : rows); ++k) sum += at(i, k) * at(j, k);
  return sum;
}

}  // namespace

TEST_CASE("variables: first values are keyed by seed and name alone") {
  CHECK(equal(made(init::normal(1), {5, 7}), made(init::normal(1), {5, 7})));
  CHECK_FALSE(equal(made(init::normal(1), {5, 7}), made(init::normal(1), {5, 7}, 2)));
  CHECK_FALSE(equal(made(init::normal(1), {5, 7}), made(init::normal(1), {5, 7}, 1, "v")));
}

TEST_CASE("variables: glorot stays in its bounds, with the right variance") {
  const Tensor w = made(init::glorot(), {200, 100});
  const double limit = std::sqrt(6.0 / 300);
  double square = 0, largest = 0;
  for (const float x : w.as<float>()) {
    largest = std::max(largest, std::abs(double{x}));
    square += double{x} * x;
  }
  CHECK(largest <= limit);
  // The variance of a uniform distribution on +-a is a^2 / 3; of 20,000 draws 3 % is over 4
  // deviations.
  CHECK(square / 20000 == doctest::Approx(limit * limit / 3).epsilon(0.03));
}

TEST_CASE("variables: normal has the asked mean and deviation") {
  const Tensor w = made(init::normal(0.5f, 2), {10000});
  double sum = 0, square = 0;
  for (const float x : w.as<float>()) {
    sum += x;
    square += (x - 2.0) * (x - 2.0);
  }
  CHECK(sum / 10000 == doctest::Approx(2).epsilon(0.01));
  CHECK(square / 10000 == doctest::Approx(0.25).epsilon(0.06));
}

TEST_CASE("variables: orthogonal rows or columns") {
  for (const Shape& shape : {Shape{4, 9}, Shape{9, 4}, Shape{5, 5}}) {
    const Tensor w = made(init::orthogonal(2), shape);
    const bool of_rows = shape[0] <= shape[1];
    const auto count = std::min(shape[0], shape[1]);
    for (std::int64_t i = 0; i < count; ++i)
      for (std::int64_t j = 0; j < count; ++j)
        CHECK(dot(w, i, j, of_rows) == doctest::Approx(i == j ? 4 : 0).epsilon(1e-5));
  }
}

TEST_CASE("variables: a forgotten scope, or one too many, is named") {
  Variables store;
  for (const char* name : {"dec/l/weight", "m/weight", "x/bias"})
    store.create(name, {{1}}, Role::trainable, init::zeros());
  CHECK_THROWS_WITH_AS(store.at("l/weight"), doctest::Contains("did you mean 'dec/l/weight'?"),
                       UsageError);
  CHECK_THROWS_WITH_AS(store.at("whole/encoder/x/bias"),
                       doctest::Contains("did you mean 'x/bias'?"), UsageError);
  Graph g(store, Mode::evaluate);
  CHECK_THROWS_WITH_AS(g.parameter("l/weight", {1}, init::zeros()),
                       doctest::Contains("did you mean 'dec/l/weight'?"), UsageError);
}

TEST_CASE("variables: a parameter beyond memory is named, with its type and its line") {
  Variables store;
  Graph g(store);
  const auto make = [&] { g.parameter("huge", {1 << 20, 1 << 20}, init::zeros()); };
  CHECK_THROWS_WITH_AS(make(),
                       doctest::Contains("the variable 'huge', f32[1048576, 1048576]: could "
                                         "not allocate"),
                       MemoryError);
  CHECK_THROWS_WITH_AS(make(), doctest::Contains("at tests/graph/variables_test.cpp:"),
                       MemoryError);
  CHECK(store.count() == 0);
}

TEST_CASE("variables: unknown names come with the nearest known one") {
  Variables store;
  store.create("lstm0/weight", {{2}}, Role::trainable, init::zeros());
  CHECK_THROWS_WITH_AS(
      store.at("lstm0/wieght"),
      doctest::Contains("there is no variable 'lstm0/wieght'; did you mean 'lstm0/weight'?\n"
                        "  at tests/graph/variables_test.cpp:"),
      UsageError);
  CHECK_THROWS_AS(store.create("lstm0/weight", {{2}}, Role::trainable, init::zeros()), UsageError);
}

TEST_CASE("variables: a copy has everything, and stays when the original changes") {
  Variables store(7);
  store.create("w", {{2, 3}, f32}, Role::trainable, init::constant(2));
  store.create("count", {{}, i32}, Role::saved, init::zeros());
  store.create("train:h", {{2}, u8}, Role::carried, init::zeros());
  store.at("w").frozen = true;
  store.at("w").decay = false;
  store.at("count").write().as<std::int32_t>()[0] = -5;
  store.runs("train") = 9;
  const std::unique_ptr<Variables> copy = copy_of(store);
  store.at("w").write().as<float>()[5] = 3;
  store.runs("train") = 10;
  CHECK(copy->names() == store.names());
  CHECK(copy->seed() == 7);
  CHECK(copy->runs("train") == 9);
  CHECK(copy->at("w").frozen);
  CHECK_FALSE(copy->at("w").decay);
  CHECK(copy->at("w").value().as<float>()[5] == 2);
  CHECK(copy->at("count").value().as<std::int32_t>()[0] == -5);
  CHECK(copy->at("train:h").role == Role::carried);
}

TEST_CASE("variables: an index that is none is refused") {
  Variables store;
  store.create("w", {{2}}, Role::trainable, init::zeros());
  CHECK_THROWS_AS(store[store.find("v")], UsageError);
  CHECK_THROWS_AS(store[1], UsageError);
}

TEST_CASE("variables: a store that shares parameters has those, and nothing else") {
  Variables store(7);
  store.create("count", {{}, i32}, Role::saved, init::zeros());
  store.create("w", {{2, 3}, f32}, Role::trainable, init::constant(2));
  store.create("train:h", {{2}, u8}, Role::carried, init::zeros());
  store.runs("train") = 9;
  const std::unique_ptr<Variables> other = sharing_parameters(store);
  CHECK(other->seed() == 7);
  CHECK(other->names() == std::vector<std::string>{"w"});
  CHECK(other->all_runs().empty());
  CHECK(&other->at("w") == &store.at("w"));
  store.at("w").write().as<float>()[5] = 3;
  CHECK(other->at("w").value().as<float>()[5] == 3);
  CHECK(other->at("w").version() == store.at("w").version());
  // What is made later is each store's own.
  other->create("evaluate:h", {{2}}, Role::carried, init::zeros());
  store.create("v", {{2}}, Role::trainable, init::zeros());
  CHECK(store.find("evaluate:h") == -1);
  CHECK(other->find("v") == -1);
}

TEST_CASE("variables: an initialiser may read other variables of the store") {
  Variables store;
  store.create("w", {{2}}, Role::trainable, init::constant(2));
  const Initialiser doubled{[&](Tensor& tensor, Random&) {
    tensor.as<float>()[0] = 2 * store.at("w").value().as<float>()[0];
  }};
  CHECK(store[store.create("v", {{1}}, Role::saved, doubled)].value().as<float>()[0] == 4);
  CHECK(store[store.find_or_create("u", {{1}}, Role::saved, doubled)].value().as<float>()[0] == 4);
}

TEST_CASE("variables: shared parameters outlive the store that made them") {
  auto store = std::make_unique<Variables>();
  store->create("w", {{2}}, Role::trainable, init::constant(2));
  const std::unique_ptr<Variables> other = sharing_parameters(*store);
  store.reset();
  CHECK(other->at("w").value().as<float>()[1] == 2);
}

TEST_CASE("variables: several threads find and create on one store") {
  for (int round = 0; round < 20; ++round) {
    Variables store(7);
    std::vector<std::thread> threads;
    std::atomic<int> together = 0;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        ++together;
        while (together < 4) std::this_thread::yield();
        for (int i = 0; i < 200; ++i) {
          const std::string name = str_cat("layer", i, "/weight");
          const int index = store.find_or_create(name, {{3}}, Role::trainable, init::normal(1));
          if (store[index].name != name || store.find(name) != index) ++together;
          store.exempt_from_decay(index);
          store.create(str_cat("own", t, "/", i), {{3}}, Role::saved, init::zeros());
          store.runs(name);
        }
      });
    for (std::thread& thread : threads) thread.join();
    REQUIRE(together == 4);
    REQUIRE(store.count() == 200 + 4 * 200);
    REQUIRE(store.all_runs().size() == 200);
  }
}

}  // namespace abax
