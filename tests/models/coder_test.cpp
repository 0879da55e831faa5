// Encoding, decoding and sampling in batches against the model's own graph.
#include "models/generation/coder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "models/categorical_vae.h"
#include "models/gaussian_vae.h"
#include "models/metrics/importance_bound.h"
#include "models/registry.h"
#include "models/vqvae.h"
#include "tests/models/image_batch.h"

namespace abax {
namespace {

using test::NumberedImages;

ModelSettings settings(const std::string& name) {
  const ImageModality image{.network = {.size = NumberedImages::size, .kind = DenseNetwork{{8}}}};
  if (name == "gaussian_vae") return {name, GaussianVae{.image = image, .latent = {.latents = 5}}};
  if (name == "categorical_vae")
    return {name, CategoricalVae{.image = image, .latent = {.latents = 5, .categories = 3}}};
  return {name, Vqvae{.image = image}};
}

/// The parameters of a model, random.
void create(Variables& store, const std::string& name) {
  Graph graph(store, Mode::train);
  model_entry(name).build(graph, settings(name), {.batch = 1});
}

using Items = std::vector<std::pair<std::string, Tensor>>;

Items noise(Shape shape) {
  Items items;
  items.emplace_back("images", Tensor(shape));
  Random random(7);
  for (float& value : items[0].second.as<float>()) value = static_cast<float>(random.uniform());
  return items;
}

}  // namespace

TEST_CASE("coder: any number of items goes through in batches, rows apart") {
  for (const char* name : {"gaussian_vae", "categorical_vae"}) {
    CAPTURE(name);
    Variables store(1);
    create(store, name);
    Workers workers(2);
    Coder coder(store, settings(name), workers, {.batch = 4});
    CHECK(coder.shape().positions == 5);
    const Items images = noise({9, 4, 3, 2});
    const Tensor codes = coder.encode(images);
    const Tensor back = coder.decode(codes);
    CHECK(codes.shape() == Shape{9, 5});
    CHECK(back.shape() == images[0].second.shape());
    Coder single(store, settings(name), workers, {.batch = 1});
    const Tensor same = single.encode(images);
    CHECK(std::memcmp(codes.data(), same.data(), codes.bytes()) == 0);
    const Tensor same_back = single.decode(codes);
    CHECK(std::ranges::equal(same_back.as<float>(), back.as<float>()));
    CHECK(coder.encode(noise({0, 4, 3, 2})).shape() == Shape{0, 5});

    // One graph for all images gives the same.
    Graph graph(store, Mode::evaluate);
    const Value expected =
        model_entry(name).autoencoder.encode(graph, settings(name), {.batch = 9});
    Execution execution(compile(graph, {expected}), store, workers);
    execution.set("images", images[0].second);
    execution.run();
    CHECK(std::memcmp(execution.get(expected).data, codes.data(), codes.bytes()) == 0);

    CHECK_THROWS_AS(coder.encode(noise({9, 3, 4, 2})), ShapeError);
    CHECK_THROWS_AS(coder.decode(Tensor({9, 4}, coder.dtype())), ShapeError);
    CHECK_THROWS_AS(coder.decode(Tensor({9, 5}, coder.dtype() == i32 ? f32 : i32)), ShapeError);
  }
  Variables store(1);
  create(store, "categorical_vae");
  Workers workers(1);
  Coder coder(store, settings("categorical_vae"), workers);
  CHECK_THROWS_AS(coder.decode(Tensor::of<std::int32_t>({1, 5}, {0, 1, 2, 3, 0})), DataError);
  CHECK_THROWS_AS(Coder(store, ModelSettings("lstm_lm"), workers), UsageError);
}

TEST_CASE("coder: inputs that are missing or of different numbers of items are refused") {
  Variables store(1);
  create(store, "gaussian_vae");
  Workers workers(1);
  Coder coder(store, settings("gaussian_vae"), workers);
  Items items;
  items.emplace_back("tokens", Tensor({3, 2}, i32));
  CHECK_THROWS_WITH_AS(coder.encode(items), doctest::Contains("nothing that the model reads"),
                       UsageError);
  items.emplace_back("images", Tensor({2, 4, 3, 2}, i32));
  CHECK_THROWS_WITH_AS(coder.encode(items), doctest::Contains("'images' as f32[64, 4, 3, 2]"),
                       ShapeError);
}

TEST_CASE("coder: samples follow the seed, and differ from call to call") {
  Variables store(1);
  create(store, "gaussian_vae");
  Workers workers(1);
  const auto samples = [&](std::int64_t batch) {
    Coder coder(store, settings("gaussian_vae"), workers, {.batch = batch});
    const Tensor once = coder.sample(6), again = coder.sample(6);
    CHECK_FALSE(std::ranges::equal(once.as<float>(), again.as<float>()));
    return once.clone();
  };
  const Tensor first = samples(4), second = samples(4);
  CHECK(std::ranges::equal(first.as<float>(), second.as<float>()));
  store.set_seed(2);
  const Tensor other = samples(4);
  CHECK_FALSE(std::ranges::equal(first.as<float>(), other.as<float>()));
}

TEST_CASE("coder: codes drawn from the posterior follow the seed, not the threads") {
  for (const char* name : {"gaussian_vae", "categorical_vae"}) {
    CAPTURE(name);
    Variables store(1);
    create(store, name);
    const Items images = noise({9, 4, 3, 2});
    const auto bytes = [](const Tensor& codes) {
      const auto* first = static_cast<const char*>(codes.data());
      return std::string(first, first + codes.bytes());
    };
    const auto drawn = [&](int threads) {
      Workers workers(threads);
      Coder coder(store, settings(name), workers, {.batch = 4});
      const Tensor once = coder.sample_posterior(images);
      CHECK(once.type() == TensorType{{9, 5}, coder.dtype()});
      CHECK(bytes(coder.sample_posterior(images)) != bytes(once));
      CHECK(bytes(coder.encode(images)) != bytes(once));
      CHECK(coder.sample_posterior(noise({0, 4, 3, 2})).shape() == Shape{0, 5});
      CHECK_THROWS_AS(coder.sample_posterior(noise({9, 3, 4, 2})), ShapeError);
      return bytes(once);
    };
    const std::string first = drawn(1);
    CHECK(drawn(3) == first);
    Workers workers(1);
    const NumberedImages source(7, 3);
    Coder coder(store, settings(name), workers);
    const EncodedItems sampled = encode(coder, source, Codes::sampled);
    CHECK(sampled.codes.shape() == Shape{7, 5});
    CHECK(bytes(sampled.codes) != bytes(encode(coder, source).codes));
    store.set_seed(2);
    CHECK(drawn(1) != first);
  }
  Variables store(1);
  create(store, "vqvae");
  Workers workers(1);
  Coder coder(store, settings("vqvae"), workers);
  CHECK_THROWS_WITH_AS(coder.sample_posterior(noise({9, 4, 3, 2})),
                       doctest::Contains("vqvae has no posterior"), UsageError);
}

TEST_CASE("coder: a source is encoded without its padding, images are found by position") {
  Variables store(1);
  create(store, "gaussian_vae");
  Workers workers(1);
  Coder coder(store, settings("gaussian_vae"), workers, {.batch = 2});
  const NumberedImages source(7, 3);
  const EncodedItems encoded = encode(coder, source);
  CHECK(encoded.labels == std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6});
  CHECK(encoded.codes.shape() == Shape{7, 5});
  const data::Batch two = images_at(source, {6, 1});
  CHECK(two.input("images").shape() == Shape{2, 4, 3, 2});
  CHECK(two.input("images").as<float>()[0] == NumberedImages::pixel(6, 0));
  const Tensor codes = coder.encode(two.inputs);
  CHECK(std::ranges::equal(codes.as<float>().first(5), encoded.codes.as<float>().last(5)));
  CHECK(std::ranges::equal(codes.as<float>().last(5), encoded.codes.as<float>().subspan(5, 5)));
  for (const std::int64_t absent : {-1, 7, 8, 9})
    CHECK_THROWS_AS(images_at(source, {absent}), UsageError);
}

TEST_CASE("importance bound: the log of the mean weight of each image, the same at each call") {
  for (const char* name : {"gaussian_vae", "categorical_vae"}) {
    CAPTURE(name);
    Variables store(1);
    create(store, name);
    Workers workers(1);
    const NumberedImages source(5, 5);
    constexpr std::int64_t samples = 3;
    const double bound = importance_bound(store, settings(name), workers, source, samples);
    CHECK(importance_bound(store, settings(name), workers, source, samples) == bound);
    // By a function of one's own.
    const auto log_weight = [&](Graph& g, const BatchShape& shape) {
      return settings(name).entry().autoencoder.log_weight(g, settings(name), shape);
    };
    CHECK(importance_bound(store, workers, source, samples, log_weight) == bound);
    const auto column = [&](Graph& g, const BatchShape& shape) {
      return g.constant(Tensor({shape.batch, 1}));
    };
    CHECK_THROWS_AS(importance_bound(store, workers, source, samples, column), UsageError);
    CHECK_THROWS_AS(importance_bound(store, workers, source, samples, nullptr), UsageError);

    // The same draws, by the definition.
    store.runs("importance") = 0;
    Graph graph(store, Mode::evaluate, "importance");
    const Value weight =
        model_entry(name).autoencoder.log_weight(graph, settings(name), {.batch = 5});
    Execution execution(compile(graph, {weight}), store, workers);
    const data::Batch batch = source.make(0);
    execution.set("images", batch.input("images"));
    std::vector<double> means(5);
    for (std::int64_t sample = 0; sample < samples; ++sample) {
      execution.run();
      for (std::size_t i = 0; i < 5; ++i)
        means[i] += std::exp(double{execution.get(weight).as<float>()[i]}) / samples;
    }
    double expected = 0;
    for (const double mean : means) expected += std::log(mean) / 5;
    CHECK(bound == doctest::Approx(expected));

    // Rows that only fill a batch weigh nothing.
    const NumberedImages padded(5, 4);
    CHECK(importance_bound(store, settings(name), workers, padded, 500) ==
          doctest::Approx(importance_bound(store, settings(name), workers, source, 500))
              .epsilon(0.02));
    CHECK_THROWS_AS(importance_bound(store, settings(name), workers, source, 0), UsageError);
  }
  Variables store(1);
  Workers workers(1);
  const NumberedImages source(1, 1);
  CHECK_THROWS_AS(importance_bound(store, settings("vqvae"), workers, source, 1), UsageError);
}

}  // namespace abax
