// Training and generation give the same bits for any number of threads, with passes on or off.
#include <doctest/doctest.h>

#include <cstring>

#include "models/latents/estimators.h"
#include "models/registry.h"
#include "models/training/optimiser.h"
#include "tests/models/image_batch.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

/// The sizes of a batch of every task, and a tensor for every input.
const BatchShape shape{.batch = 3, .length = 5, .target_length = 4};
constexpr int vocabulary = 11;

struct Inputs {
  Tensor tokens, targets, source = test::some_tokens(5, 3, vocabulary, 3);
  Tensor lengths = Tensor::of<std::int32_t>({3}, {5, 2, 4});
  Tensor labels = Tensor::of<std::int32_t>({3}, {1, 0, 2});
  Tensor keep = Tensor::scalar(1);
  test::ImageBatch images;

  Inputs(TaskKind task, const ModelConfig& config)
      : tokens(test::some_tokens(task == TaskKind::translation ? 4 : 5, 3, vocabulary)),
        targets(test::some_tokens(task == TaskKind::translation ? 4 : 5, 3, vocabulary, 7)),
        images(3, config, {1, 0, 1}) {}
  test::Inputs all() const {
    test::Inputs result = images.inputs();
    result.insert(result.end(), {{"tokens", &tokens},
                                 {"targets", &targets},
                                 {"source", &source},
                                 {"source_lengths", &lengths},
                                 {"lengths", &lengths},
                                 {"labels", &labels},
                                 {"keep", &keep}});
    return result;
  }
};

/// All variables of a store after some steps of training, one after another.
std::vector<float> trained(const ModelEntry& entry, const ModelConfig& config,
                           const CompileOptions& options, int threads) {
  Variables store(8);
  Graph g(store);
  const Model model = entry.build(g, config, shape);
  const Value norm = optimise({.clip = 1}, gradients_of(model.loss));
  Workers workers(threads);
  Execution step(compile(g, {model.loss.sum, norm}, options), store, workers);
  const Inputs inputs(entry.task, config);
  step.set("learning_rate", 0.01f);
  for (int i = 0; i < 3; ++i) test::run(step, inputs.all());
  std::vector<float> result;
  for (int i = 0; i < store.count(); ++i) {
    if (store[i].value().dtype() != f32) continue;
    const auto values = store[i].value().as<float>();
    result.insert(result.end(), values.begin(), values.end());
  }
  return result;
}

/// The logits of some steps of generation with parameters as they begin.
std::vector<float> generated(const ModelEntry& entry, const ModelConfig& config,
                             const CompileOptions& options, int threads) {
  Variables store(8);
  Graph train(store);
  entry.build(train, config, shape);
  Graph g(store, Mode::evaluate, "generate");
  const Value logits = entry.step(g, config, 2);
  Workers workers(threads);
  Execution step(compile(g, {logits}, options), store, workers);
  std::vector<float> result;
  for (std::int32_t t = 0; t < 5; ++t) {
    const Tensor tokens = Tensor::of<std::int32_t>({1, 2}, {t, 2 * t});
    step.set("tokens", tokens);
    step.set("keep", t == 0 ? 0.f : 1.f);
    step.run();
    const auto values = step.get(logits).as<float>();
    result.insert(result.end(), values.begin(), values.end());
  }
  return result;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// Of each model what its options can make it.
std::vector<ModelConfig> configs(const ModelEntry& entry) {
  ModelConfig base{.vocabulary = vocabulary,
                   .source_vocabulary = vocabulary,
                   .classes = 3,
                   .width = 20,
                   .layers = 2,
                   .heads = 2,
                   .dropout = 0.2f,
                   .label_smoothing = 0.1f,
                   .context = 8,
                   .image_height = 6,
                   .image_width = 5,
                   .image_channels = 1,
                   .hidden = {9},
                   .latents = 3,
                   .categories = 4,
                   .samples = 2,
                   .codes = 5,
                   .code_width = 3,
                   .restart_below = 0.7f,
                   .quantiser_dropout = 0.5f};
  std::vector<ModelConfig> result{base};
  if (entry.name == "gaussian_vae") {
    result.push_back(base);
    result.back().pixels = "autoregressive";
  }
  if (entry.name == "categorical_vae")
    for (const std::string& estimator : estimator_names()) {
      result.push_back(base);
      result.back().estimator = estimator;
      result.back().prior = result.back().posterior = "autoregressive";
    }
  if (entry.prepare)
    for (const char* quantiser : {"residual", "finite"}) {
      result.push_back(base);
      result.back().quantiser = quantiser;
    }
  if (entry.name == "transformer_lm") {
    result.push_back(base);
    result.back().positions = "rotary";
    result.back().memory = 3;
  }
  if (entry.task != TaskKind::language && entry.task != TaskKind::images)
    for (const char* blocks : {"lstm", "gru"}) {
      result.push_back(base);
      result.back().blocks = blocks;
      result.back().bidirectional = true;
    }
  return result;
}

}  // namespace

TEST_CASE("exact: training gives the same bits with other threads and without passes") {
  for (const ModelEntry& entry : models())
    for (const ModelConfig& config : configs(entry)) {
      CAPTURE(entry.name);
      CAPTURE(config.blocks);
      CAPTURE(config.estimator);
      CAPTURE(config.quantiser);
      const auto expected = trained(entry, config, {}, 1);
      CHECK(same_bits(trained(entry, config, {}, 3), expected));
      CHECK(same_bits(trained(entry, config, CompileOptions::plain(), 2), expected));
    }
}

TEST_CASE("exact: generation gives the same bits with other threads and without passes") {
  for (const ModelEntry& entry : models()) {
    if (!entry.step) continue;
    for (const ModelConfig& config : configs(entry)) {
      CAPTURE(entry.name);
      const auto expected = generated(entry, config, {}, 1);
      CHECK(same_bits(generated(entry, config, {}, 3), expected));
      CHECK(same_bits(generated(entry, config, CompileOptions::plain(), 2), expected));
    }
  }
}

}  // namespace abax
