// VQ-VAEs: their loss from its parts, what padding and evaluations must not touch, codes and back,
// training that can be broken off.
#include "models/vqvae.h"

#include <doctest/doctest.h>

#include <cmath>

#include "models/registry.h"
#include "models/training/optimiser.h"
#include "models/two_level_vqvae.h"
#include "tests/models/image_batch.h"
#include "tests/models/quantiser_bench.h"

namespace abax {
namespace {

using test::ImageBatch;

std::vector<const ModelEntry*> entries() {
  std::vector<const ModelEntry*> result;
  for (const ModelEntry& entry : model_entries())
    if (entry.prepare && entry.task == "images") result.push_back(&entry);
  return result;
}

Nearest kind() {
  return {.codes = 7,
          .commitment = 0.4f,
          .codebook_decay = 0.9f,
          .codebook_start = "random",
          .restart_below = 0.3f};
}

Vqvae small(const Quantiser& quantiser = {.kind = kind(), .code_width = 3},
            const char* likelihood = "gaussian") {
  return {.image = {.network = {.size = {4, 6, 2}, .kind = DenseNetwork{{12}}},
                    .pixels = {.likelihood = likelihood, .variance = 0.2f}},
          .quantiser = quantiser};
}

/// The same with convolutions, to codes of 2 x 3 positions.
Vqvae convolutional() {
  Vqvae c = small();
  c.image.network.kind = ConvolutionNetwork{
      .channels = 8, .downsamplings = 1, .residual_layers = 1, .residual_channels = 3};
  return c;
}

struct Config {
  const char* name;
  Vqvae settings;
};
/// Of every quantiser, and of one with convolutions.
std::vector<Config> all_configs() {
  return {{"nearest", small()},
          {"residual", small({.kind = kind(), .code_width = 3, .stages = 2})},
          {"finite", small({.kind = Finite{{3, 4}}, .code_width = 3})},
          {"grouped residual FSQ",
           small({.kind = Finite{{3, 4}}, .code_width = 3, .stages = 2, .groups = 2})},
          {"convolutional", convolutional()}};
}

/// Plans of training and evaluation on one store.
struct Trainer {
  Variables& store;
  Graph train, check;
  Model learnt, checked;
  Workers workers{2};
  Execution learning, checking;

  Trainer(const ModelEntry& entry, Variables& variables, const ModelSettings& c, std::int64_t batch)
      : store(variables),
        train(store),
        check(store, Mode::evaluate),
        learnt(entry.build(train, c, {.batch = batch})),
        checked(entry.build(check, c, {.batch = batch})),
        learning(compile(train, {learnt.loss.sum, learnt.loss.count,
                                 optimise({}, gradients_of(learnt.loss))}),
                 store, workers),
        checking(compile(check, outputs()), store, workers) {
    learning.set("learning_rate", 0.01f);
  }
  std::vector<Value> outputs() {
    std::vector<Value> result{checked.loss.sum, checked.loss.count,
                              checked.statistics.at("code_counts"),
                              checked.statistics.at("posterior")};
    for (const auto& [name, metric] : checked.metrics)
      result.insert(result.end(), {metric.sum, metric.count});
    return result;
  }
  float learn(const ImageBatch& batch) {
    test::run(learning, batch.inputs());
    return learning.scalar(learnt.loss.sum) / learning.scalar(learnt.loss.count);
  }
  /// All that an evaluation gives.
  std::vector<double> evaluate(const ImageBatch& batch) {
    test::run(checking, batch.inputs());
    std::vector<double> result;
    for (const Value& value : outputs())
      for (const double x : test::as_doubles(checking.get(value))) result.push_back(x);
    return result;
  }
};

std::vector<double> all_of(const Variables& store) {
  std::vector<double> result;
  for (int i = 0; i < store.count(); ++i)
    for (const double x : test::as_doubles(store[i].value())) result.push_back(x);
  return result;
}

}  // namespace

TEST_CASE("VQ-VAE: the loss is the reconstruction and the weighted commitment, an image") {
  for (const ModelEntry* entry : entries())
    for (const char* likelihood : {"gaussian", "bernoulli", "logistic"}) {
      const Vqvae settings = small({.kind = kind(), .code_width = 3}, likelihood);
      const ModelSettings c(entry->name, settings);
      Variables store(1);
      test::create(store, entry->build, c);
      Graph g(store, Mode::evaluate);
      const Model model = entry->build(g, c, {.batch = 3});
      const ImageBatch batch(3, settings.image, {1, 0, 1});
      const auto value = [&](Value v) { return double{test::run(v, batch.inputs())[0]}; };
      CAPTURE(entry->name);
      CAPTURE(likelihood);
      const auto metric = [&](const char* name) { return value(model.metrics.at(name).sum); };
      CHECK(value(model.loss.count) == 2);
      CHECK(value(model.loss.sum) ==
            doctest::Approx(metric("reconstruction") + 0.4 * metric("commitment")));
      CHECK(metric("commitment") > 0.01);
      const auto means = test::run(g.find("reconstruction"), batch.inputs());
      double squares = 0, nats = 0;
      for (std::size_t i = 0; i < means.size(); ++i) {
        if (i / 48 == 1) continue;
        const double x = double{batch.images.as<float>()[i]}, mean = double{means[i]};
        squares += (x - mean) * (x - mean) / 48;
        nats -= (x * std::log(mean) + (1 - x) * std::log(1 - mean)) / 48;
      }
      CHECK(metric("mse") == doctest::Approx(squares).epsilon(1e-4));
      if (settings.image.pixels.likelihood == "gaussian")
        CHECK(metric("reconstruction") == doctest::Approx(squares / 0.2).epsilon(1e-4));
      if (settings.image.pixels.likelihood == "bernoulli")
        CHECK(metric("reconstruction") == doctest::Approx(nats).epsilon(1e-4));
    }
}

TEST_CASE("VQ-VAE: rows that only fill a batch change no result and no variable") {
  for (const ModelEntry* entry : entries())
    for (const Config& config : all_configs()) {
      const Vqvae& settings = config.settings;
      const ModelSettings c(entry->name, settings);
      std::vector<double> results[2], variables[2];
      for (const int other : {0, 1}) {
        Variables store(1);
        Trainer trainer(*entry, store, c, 4);
        ImageBatch batch(4, settings.image, {1, 1, 0, 1});
        for (std::size_t i = 2 * 48; i < 3 * 48; ++i)
          if (other) batch.images.as<float>()[i] = 0;
        for (int step = 0; step < 3; ++step) trainer.learn(batch);
        variables[other] = all_of(store);
        results[other] = trainer.evaluate(batch);
      }
      CAPTURE(entry->name);
      CAPTURE(config.name);
      CHECK(results[0] == results[1]);
      CHECK(variables[0] == variables[1]);
    }
}

TEST_CASE("VQ-VAE: it learns; an evaluation changes nothing; what was broken off goes on exactly") {
  for (const ModelEntry* entry : entries())
    for (const Config& config : all_configs()) {
      const Vqvae& settings = config.settings;
      const ModelSettings c(entry->name, settings);
      CAPTURE(entry->name);
      CAPTURE(config.name);
      const ImageBatch batch(6, settings.image, {});
      Variables store(2), second(2);
      Trainer trainer(*entry, store, c, 6);
      const float first = trainer.learn(batch);
      for (int step = 0; step < 30; ++step) trainer.learn(batch);
      const auto before = all_of(store);
      trainer.evaluate(batch);
      CHECK(all_of(store) == before);
      // A store as a checkpoint would fill it.
      for (int i = 0; i < store.count(); ++i) {
        const Variable& v = store[i];
        second[second.create(v.name, v.value().type(), v.role, init::zeros())].write() =
            v.value().clone();
      }
      for (const auto& [label, runs] : store.all_runs()) second.runs(label) = runs;
      Trainer resumed(*entry, second, c, 6);
      float last = 0;
      for (int step = 0; step < 20; ++step) {
        last = trainer.learn(batch);
        CHECK(resumed.learn(batch) == last);
      }
      for (int i = 0; i < store.count(); ++i)
        CHECK(test::as_doubles(second.at(store[i].name).value()) ==
              test::as_doubles(store[i].value()));
      CHECK(last < 0.8f * first);
    }
}

TEST_CASE("VQ-VAE: encoded and decoded, images are the reconstructions; codes drawn are codes") {
  for (const ModelEntry* entry : entries())
    for (const Config& config : all_configs()) {
      const Vqvae& settings = config.settings;
      const ModelSettings c(entry->name, settings);
      CAPTURE(entry->name);
      CAPTURE(config.name);
      Variables store(1);
      test::create(store, entry->build, c);
      const ImageBatch batch(3, settings.image, {});
      Graph g(store, Mode::evaluate);
      entry->build(g, c, {.batch = 3});
      const auto expected = test::run(g.find("reconstruction"), batch.inputs());
      const Autoencoder& parts = entry->autoencoder;
      const CodeShape shape = parts.shape(c);
      CHECK(g.find("codes").shape() == Shape{3, shape.positions});

      Graph encoder(store, Mode::evaluate), decoder(store, Mode::evaluate);
      const Value codes = parts.encode(encoder, c, {.batch = 3});
      CHECK(codes.type() == TensorType{{3, shape.positions}, i32});
      Workers workers(1);
      Execution execution(compile(encoder, {codes}), store, workers);
      test::run(execution, batch.inputs());
      const Tensor found =
          Tensor::of<std::int32_t>(codes.shape(), execution.get(codes).as<std::int32_t>());
      const Value images = parts.decode(decoder, c, decoder.input("codes", codes.shape(), i32));
      CHECK(test::run(images, {{"codes", &found}}) == expected);

      Graph sampler(store, Mode::evaluate);
      const Value drawn = parts.sample(sampler, c, 50);
      CHECK(drawn.type() == TensorType{{50, shape.positions}, i32});
      std::vector<int> seen(static_cast<std::size_t>(shape.kinds));
      Execution draw(compile(sampler, {drawn}), store, workers);
      draw.run();
      for (const std::int32_t code : draw.get(drawn).as<std::int32_t>())
        ++seen.at(static_cast<std::size_t>(code));
      CHECK(std::ranges::count(seen, 0) == 0);
    }
}

TEST_CASE("VQ-VAE: evaluations count the codes of each position, of images that weigh") {
  for (const ModelEntry* entry : entries())
    for (const Config& config : all_configs()) {
      const Vqvae& settings = config.settings;
      const ModelSettings c(entry->name, settings);
      CAPTURE(entry->name);
      CAPTURE(config.name);
      Variables store(1);
      test::create(store, entry->build, c, /*deviation=*/1);
      const ImageBatch batch(5, settings.image, {1, 0, 1, 1, 1});
      Graph g(store, Mode::evaluate);
      const Model model = entry->build(g, c, {.batch = 5});
      const CodeShape shape = entry->autoencoder.shape(c);
      Workers workers(1);
      const Value posterior = model.statistics.at("posterior"), codes = g.find("codes");
      Execution execution(compile(g, {posterior, codes}), store, workers);
      test::run(execution, batch.inputs());
      std::vector<float> expected(static_cast<std::size_t>(shape.positions * shape.kinds));
      const auto found = execution.get(codes).as<std::int32_t>();  // [5, positions]
      for (std::int64_t i = 0; i < 5 * shape.positions; ++i)
        if (i / shape.positions != 1)
          ++expected.at(static_cast<std::size_t>(i % shape.positions * shape.kinds +
                                                 found[static_cast<std::size_t>(i)]));
      CHECK(std::ranges::equal(execution.get(posterior).as<float>(), expected));
    }
}

TEST_CASE("VQ-VAE: with convolutions codes stand at the positions of the features") {
  const Vqvae c = convolutional();
  const auto positions = [&](const char* model) {
    return model_entry(model).autoencoder.shape({model, c}).positions;
  };
  CHECK(positions("vqvae") == 6);
  CHECK(positions("two_level_vqvae") == 6 + 2);
  Variables store;
  test::create(store, two_level_vqvae, c);
  const auto shape = [&](const char* name) { return store.at(name).value().shape(); };
  CHECK(shape("encoder/top/down/weight") == Shape{4, 4, 8, 8});
  CHECK(shape("encoder/top/residual0/inner/weight") == Shape{3, 3, 8, 3});
  CHECK(shape("encoder/top/code/weight") == Shape{8, 3});
  CHECK(shape("encoder/code/weight") == Shape{16, 3});
  CHECK(shape("decoder/top/up/weight") == Shape{4, 4, 8, 8});
  CHECK(shape("decoder/top/upsample/weight") == Shape{4, 4, 3, 3});
  CHECK(shape("decoder/conv/weight") == Shape{3, 3, 6, 8});
  CHECK(shape("top/codebook") == Shape{7, 3});
}

TEST_CASE("VQ-VAE: with a dense network codes fill its last layer, one at least") {
  Vqvae c = small();
  for (const auto& [width, positions] : {std::pair{3, 4}, std::pair{5, 2}, std::pair{64, 1}}) {
    c.quantiser.code_width = width;
    const auto of = [&](const char* model) {
      return model_entry(model).autoencoder.shape({model, c}).positions;
    };
    CHECK(of("vqvae") == positions);
    CHECK(of("two_level_vqvae") == positions + std::max(1, positions / 2));
  }
}

TEST_CASE("VQ-VAE: finite scalars behind a dense network read the width that cuts its units") {
  const auto reads = [](Vqvae c) {
    Fields f;
    fields(f, c);
    return f.find("code-width") != nullptr;
  };
  CHECK(reads(small()));
  Vqvae c = small({.kind = Finite{}});
  CHECK(reads(c));
  c.image.network.kind = ConvolutionNetwork{};
  CHECK_FALSE(reads(c));
}

}  // namespace abax
