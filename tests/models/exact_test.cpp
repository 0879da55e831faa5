// Training and generation give the same bits for any number of threads, with passes on or off.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>

#include "core/base/random.h"
#include "core/base/text.h"
#include "models/latents/estimators.h"
#include "models/registry.h"
#include "models/settings/values.h"
#include "models/training/optimiser.h"
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
  Tensor images{{3, 6, 5, 1}}, weights = Tensor::of<float>({3}, {1, 0, 1});
  Tensor kl_weight = Tensor::scalar(1), temperature = Tensor::scalar(0.8f);

  /// The time of the tokens.
  static std::int64_t time(const ModelSettings& settings) {
    const bool source =
        settings.entry().task == "translation" || settings.value_of("condition") == "source";
    return source ? shape.target_length : shape.length;
  }
  explicit Inputs(const ModelSettings& settings)
      : tokens(test::some_tokens(time(settings), 3, vocabulary)),
        targets(test::some_tokens(time(settings), 3, vocabulary, 7)) {
    for (std::int32_t& length : lengths.as<std::int32_t>())
      length = std::min(length, static_cast<std::int32_t>(time(settings)));
    Random random(stream_key(2, "test", "images"));
    for (float& pixel : images.as<float>()) pixel = static_cast<float>(random.uniform());
  }
  test::Inputs all() const {
    return {{"tokens", &tokens},
            {"targets", &targets},
            {"source", &source},
            {"source_lengths", &lengths},
            {"lengths", &lengths},
            {"labels", &labels},
            {"keep", &keep},
            {"images", &images},
            {"weights", &weights},
            {"kl_weight", &kl_weight},
            {"temperature", &temperature}};
  }
};

/// All variables of a store after some steps of training, one after another.
std::vector<float> trained(const ModelSettings& settings, const CompileOptions& options,
                           int threads) {
  Variables store(8);
  Graph g(store);
  const Model model = settings.entry().build(g, settings, shape);
  const Value norm = optimise({.clip = 1}, gradients_of(model.loss));
  Workers workers(threads);
  Execution step(compile(g, {model.loss.sum, norm}, options), store, workers);
  const Inputs inputs(settings);
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
std::vector<float> generated(const ModelSettings& settings, const CompileOptions& options,
                             int threads) {
  Variables store(8);
  Graph train(store);
  settings.entry().build(train, settings, shape);
  Graph g(store, Mode::evaluate, "generate");
  const Value logits = settings.entry().step(g, settings, 2);
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

using Values = std::vector<std::pair<std::string, std::string>>;

/// What models are built with here, where they read it.
const Values small{{"width", "20"},     {"layers", "2"},          {"heads", "2"},
                   {"dropout", "0.2"},  {"hidden", "9"},          {"latents", "3"},
                   {"categories", "4"}, {"samples", "2"},         {"codes", "5"},
                   {"code-width", "3"}, {"restart-below", "0.7"}, {"label-smoothing", "0.1"}};
const std::map<std::string, FieldValue> derived{{"vocabulary-size", vocabulary},
                                                {"source-vocabulary-size", vocabulary},
                                                {"classes", 3},
                                                {"context", 8},
                                                {"encoder-context", 8},
                                                {"decoder-context", 8},
                                                {"image-height", 6},
                                                {"image-width", 5},
                                                {"image-channels", 1}};

/// What choices can make of a model that has them.
std::vector<Values> variants() {
  std::vector<Values> result{{},
                             {{"positions", "rotary"}, {"memory", "3"}},
                             {{"blocks", "transformer"}},
                             {{"blocks", "lstm"}, {"bidirectional", "true"}},
                             {{"blocks", "gru"}, {"bidirectional", "true"}},
                             {{"encoder-blocks", "gru"}, {"decoder-blocks", "transformer"}},
                             {{"resampler", "pooling"}, {"encoder-bidirectional", "true"}},
                             {{"condition", "source"}, {"encoder-blocks", "transformer"}},
                             {{"pixels", "autoregressive"}},
                             {{"quantiser", "finite"}},
                             {{"stages", "4"}, {"quantiser-dropout", "0.5"}}};
  for (const std::string& estimator : estimator_names())
    result.push_back(
        {{"estimator", estimator}, {"prior", "autoregressive"}, {"posterior", "autoregressive"}});
  return result;
}

/// Sets what the model reads of `values`. Whether that is all of them.
bool set(ModelSettings& settings, const Values& values) {
  std::vector<GivenValue> given;
  for (const auto& [name, value] : values) given.push_back({name, FieldText{value}, name});
  return assign([&](Fields& f) { fields(f, settings); }, std::move(given)).empty();
}

/// Calls check(settings) for each variant of each model.
void for_each_model(const std::function<void(const ModelSettings&)>& check) {
  for (const ModelEntry& entry : model_entries())
    for (const Values& variant : variants()) {
      ModelSettings settings(entry.name);
      if (!set(settings, variant)) continue;
      set(settings, small);
      settings.derive(derived);
      CAPTURE(entry.name);
      std::string choices;
      for (const auto& [name, value] : variant) choices += str_cat(" --", name, " ", value);
      CAPTURE(choices);
      check(settings);
    }
}

}  // namespace

TEST_CASE("exact: training gives the same bits with other threads and without passes") {
  for_each_model([](const ModelSettings& settings) {
    const auto expected = trained(settings, {}, 1);
    CHECK(same_bits(trained(settings, {}, 3), expected));
    CHECK(same_bits(trained(settings, CompileOptions::plain(), 2), expected));
  });
}

TEST_CASE("exact: generation gives the same bits with other threads and without passes") {
  for_each_model([](const ModelSettings& settings) {
    if (!settings.entry().step) return;
    const auto expected = generated(settings, {}, 1);
    CHECK(same_bits(generated(settings, {}, 3), expected));
    CHECK(same_bits(generated(settings, CompileOptions::plain(), 2), expected));
  });
}

}  // namespace abax
