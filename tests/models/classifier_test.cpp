// Classifiers: padding, pooling, gradients, and that they learn.
#include "models/classifier.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/training/optimiser.h"
#include "tests/models/check_gradients.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

using test::run;
using test::shake;
using test::some_tokens;

constexpr int vocabulary = 9, classes = 3;

/// Recurrent layers of both poolings and directions, and a Transformer.
std::vector<Classifier> kinds() {
  std::vector<Classifier> result;
  for (const bool bidirectional : {false, true})
    for (const char* pooling : {"last", "mean"})
      result.push_back({.vocabulary = vocabulary,
                        .classes = classes,
                        .blocks = {.kind = bidirectional ? "gru" : "lstm",
                                   .width = 6,
                                   .layers = 2,
                                   .bidirectional = bidirectional},
                        .pooling = pooling});
  result.push_back({.vocabulary = vocabulary,
                    .classes = classes,
                    .blocks = {.width = 6, .layers = 2, .heads = 2, .context = 8}});
  return result;
}

struct Batch {
  Tensor tokens, lengths, labels;
  test::Inputs inputs() const {
    return {{"tokens", &tokens}, {"lengths", &lengths}, {"labels", &labels}};
  }
  BatchShape shape() const { return {.batch = tokens.shape()[1], .length = tokens.shape()[0]}; }
};

Batch four_sequences() {
  return {some_tokens(5, 4, vocabulary), Tensor::of<std::int32_t>({4}, {5, 2, 0, 3}),
          Tensor::of<std::int32_t>({4}, {2, 0, -1, 1})};
}

void create(Variables& store, const Classifier& config) {
  Graph g(store, Mode::train, "create");
  sequence_classifier(g, config, {.batch = 1, .length = 1});
  shake(store);
}

}  // namespace

TEST_CASE("classifier: a sequence's logits are the same alone and with any padding") {
  for (const Classifier& config : kinds()) {
    Variables store(3);
    create(store, config);
    Batch one{some_tokens(3, 1, vocabulary), Tensor::of<std::int32_t>({1}, {3}),
              Tensor::of<std::int32_t>({1}, {1})};
    Graph alone(store, Mode::evaluate, "alone");
    const auto expected = run(sequence_classifier(alone, config, one.shape()).output, one.inputs());
    for (const int padding : {0, 4}) {
      Batch many = four_sequences();
      for (std::size_t t = 0; t < 5; ++t)
        many.tokens.as<std::int32_t>()[t * 4 + 3] =
            t < 3 ? one.tokens.as<std::int32_t>()[t] : padding;
      Graph g(store, Mode::evaluate, str_cat("among", padding));
      auto got = run(sequence_classifier(g, config, many.shape()).output, many.inputs());
      got.erase(got.begin(), got.begin() + 3 * classes);
      CHECK(test::difference(got, expected) < 1e-5);
    }
  }
}

TEST_CASE("classifier: gradients are slopes of the loss") {
  for (const Classifier& config : kinds()) {
    Variables store(3);
    create(store, config);
    Graph g(store, Mode::train);
    const Batch batch = four_sequences();
    test::check_gradients(sequence_classifier(g, config, batch.shape()).loss, batch.inputs());
  }
}

TEST_CASE("classifier: rows without a label do not count, and a few steps learn the others") {
  for (Classifier config : kinds()) {
    config.blocks.dropout = 0.01f;
    Variables store(3);
    Graph g(store, Mode::train);
    const Batch batch = four_sequences();
    const Model model = sequence_classifier(g, config, batch.shape());
    optimise({}, gradients_of(model.loss));
    Workers workers(1);
    Execution step(compile(g, {model.loss.sum, model.loss.count}), store, workers);
    step.set("learning_rate", 0.03f);
    for (int i = 0; i < 40; ++i) run(step, batch.inputs());
    CHECK(step.scalar(model.loss.count) == 3);
    CHECK(step.scalar(model.loss.sum) / 3 < 0.1);
    Graph check(store, Mode::evaluate);
    const Model learnt = sequence_classifier(check, config, batch.shape());
    CHECK(test::run(learnt.metrics.at("accuracy").sum, batch.inputs()).front() == 3);
  }
}

TEST_CASE("classifier: an unknown pooling is refused") {
  Classifier config = kinds().front();
  config.pooling = "median";
  Variables store(3);
  Graph g(store);
  CHECK_THROWS_AS(sequence_classifier(g, config, {.batch = 1, .length = 2}), UsageError);
}

}  // namespace abax
