// Encoding, decoding and sampling in batches against the model's own graph.
#include "models/generation/image_coder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "models/data/images/image_batches.h"
#include "models/metrics/importance_bound.h"
#include "models/registry.h"

namespace abax {
namespace {

ModelConfig config() {
  ModelConfig c;
  c.image_height = 4;
  c.image_width = 3;
  c.image_channels = 2;
  c.hidden = {8};
  c.latents = 5;
  c.categories = 3;
  return c;
}

/// The parameters of a model, random.
void create(Variables& store, const std::string& name) {
  Graph graph(store, Mode::train);
  model(name).build(graph, config(), {.batch = 1});
}

Tensor noise(Shape shape) {
  Tensor tensor(shape);
  Random random(7);
  for (float& value : tensor.as<float>()) value = static_cast<float>(random.uniform());
  return tensor;
}

data::Images numbered(int count) {
  data::Images images{.height = 4, .width = 3, .channels = 2};
  for (int i = 0; i < count * 24; ++i)
    images.pixels.push_back(static_cast<std::uint8_t>(i * i % 251));
  for (int i = 0; i < count; ++i) images.labels.push_back(i);
  return images;
}

}  // namespace

TEST_CASE("image coder: any number of images goes through in batches, rows apart") {
  for (const char* name : {"gaussian_vae", "categorical_vae"}) {
    CAPTURE(name);
    Variables store(1);
    create(store, name);
    Workers workers(2);
    ImageCoder coder(store, name, config(), workers, /*batch=*/4);
    CHECK(coder.shape().positions == 5);
    const Tensor images = noise({9, 4, 3, 2});
    const Tensor codes = coder.encode(images);
    const Tensor back = coder.decode(codes);
    CHECK(codes.shape() == Shape{9, 5});
    CHECK(back.shape() == images.shape());
    ImageCoder single(store, name, config(), workers, /*batch=*/1);
    const Tensor same = single.encode(images);
    CHECK(std::memcmp(codes.data(), same.data(), codes.bytes()) == 0);
    CHECK(std::ranges::equal(single.decode(codes).as<float>(), back.as<float>()));
    CHECK(coder.encode(Tensor({0, 4, 3, 2})).shape() == Shape{0, 5});

    // One graph for all images gives the same.
    Graph graph(store, Mode::evaluate);
    const Value input = graph.input("images", {9, 4, 3, 2});
    const Value expected = model(name).autoencoder.encode(graph, config(), input);
    Execution execution(compile(graph, {expected}), store, workers);
    execution.set("images", images);
    execution.run();
    CHECK(std::memcmp(execution.get(expected).data, codes.data(), codes.bytes()) == 0);

    CHECK_THROWS_AS(coder.encode(Tensor({9, 3, 4, 2})), ShapeError);
    CHECK_THROWS_AS(coder.decode(Tensor({9, 4}, coder.dtype())), ShapeError);
    CHECK_THROWS_AS(coder.decode(Tensor({9, 5}, coder.dtype() == i32 ? f32 : i32)), ShapeError);
  }
  Variables store(1);
  create(store, "categorical_vae");
  Workers workers(1);
  ImageCoder coder(store, "categorical_vae", config(), workers);
  CHECK_THROWS_AS(coder.decode(Tensor::of<std::int32_t>({1, 5}, {0, 1, 2, 3, 0})), DataError);
  CHECK_THROWS_AS(ImageCoder(store, "lstm_lm", config(), workers), UsageError);
}

TEST_CASE("image coder: samples follow the seed, and differ from call to call") {
  Variables store(1);
  create(store, "gaussian_vae");
  Workers workers(1);
  const auto samples = [&](std::int64_t batch) {
    ImageCoder coder(store, "gaussian_vae", config(), workers, batch);
    const Tensor once = coder.sample(6), again = coder.sample(6);
    CHECK_FALSE(std::ranges::equal(once.as<float>(), again.as<float>()));
    return once.clone();
  };
  const Tensor first = samples(4), second = samples(4);
  CHECK(std::ranges::equal(first.as<float>(), second.as<float>()));
  store.set_seed(2);
  CHECK_FALSE(std::ranges::equal(first.as<float>(), samples(4).as<float>()));
}

TEST_CASE("image coder: codes drawn from the posterior follow the seed, not the threads") {
  for (const char* name : {"gaussian_vae", "categorical_vae"}) {
    CAPTURE(name);
    Variables store(1);
    create(store, name);
    const Tensor images = noise({9, 4, 3, 2});
    const auto bytes = [](const Tensor& codes) {
      const auto* first = static_cast<const char*>(codes.data());
      return std::string(first, first + codes.bytes());
    };
    const auto drawn = [&](int threads) {
      Workers workers(threads);
      ImageCoder coder(store, name, config(), workers, /*batch=*/4);
      const Tensor once = coder.sample_posterior(images);
      CHECK(once.type() == TensorType{{9, 5}, coder.dtype()});
      CHECK(bytes(coder.sample_posterior(images)) != bytes(once));
      CHECK(bytes(coder.encode(images)) != bytes(once));
      CHECK(coder.sample_posterior(Tensor({0, 4, 3, 2})).shape() == Shape{0, 5});
      CHECK_THROWS_AS(coder.sample_posterior(Tensor({9, 3, 4, 2})), ShapeError);
      return bytes(once);
    };
    const std::string first = drawn(1);
    CHECK(drawn(3) == first);
    Workers workers(1);
    const data::Images some = numbered(7);
    const data::ImageBatches source(some, {.batch = 3});
    ImageCoder coder(store, name, config(), workers);
    const EncodedImages sampled = encode(coder, source, Codes::sampled);
    CHECK(sampled.codes.shape() == Shape{7, 5});
    CHECK(bytes(sampled.codes) != bytes(encode(coder, source).codes));
    store.set_seed(2);
    CHECK(drawn(1) != first);
  }
  Variables store(1);
  create(store, "vqvae");
  Workers workers(1);
  ImageCoder coder(store, "vqvae", config(), workers);
  CHECK_THROWS_WITH_AS(coder.sample_posterior(noise({9, 4, 3, 2})),
                       doctest::Contains("vqvae has no posterior"), UsageError);
}

TEST_CASE("image coder: a source is encoded without its padding, images are found by position") {
  Variables store(1);
  create(store, "gaussian_vae");
  Workers workers(1);
  ImageCoder coder(store, "gaussian_vae", config(), workers, 2);
  const data::Images images = numbered(7);
  const data::ImageBatches source(images, {.batch = 3});
  const EncodedImages encoded = encode(coder, source);
  CHECK(encoded.labels == std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6});
  CHECK(encoded.codes.shape() == Shape{7, 5});
  const Tensor two = images_at(source, {6, 1});
  CHECK(two.shape() == Shape{2, 4, 3, 2});
  CHECK(two.as<float>()[0] == static_cast<float>(images.image(6)[0]) / 255.f);
  const Tensor codes = coder.encode(two);
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
    const data::Images images = numbered(5);
    const data::ImageBatches source(images, {.batch = 5});
    constexpr std::int64_t samples = 3;
    const double bound = importance_bound(store, name, config(), workers, source, samples);
    CHECK(importance_bound(store, name, config(), workers, source, samples) == bound);

    // The same draws, by the definition.
    store.runs("importance") = 0;
    Graph graph(store, Mode::evaluate, "importance");
    const Value input = graph.input("images", {5, 4, 3, 2});
    const Value weight = model(name).autoencoder.log_weight(graph, config(), input);
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
    const data::ImageBatches padded(images, {.batch = 4});
    CHECK(importance_bound(store, name, config(), workers, padded, 500) ==
          doctest::Approx(importance_bound(store, name, config(), workers, source, 500))
              .epsilon(0.02));
    CHECK_THROWS_AS(importance_bound(store, name, config(), workers, source, 0), UsageError);
  }
  Variables store(1);
  Workers workers(1);
  const data::Images images = numbered(1);
  const data::ImageBatches source(images, {.batch = 1});
  CHECK_THROWS_AS(importance_bound(store, "vqvae", config(), workers, source, 1), UsageError);
}

}  // namespace abax
