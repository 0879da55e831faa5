// Encoder-decoders: parameters, padding, what a target token sees, gradients, and that they learn.
#include "models/seq2seq.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "models/training/optimiser.h"
#include "tests/models/check_gradients.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

using test::difference;
using test::run;
using test::shake;
using test::some_tokens;

constexpr int source_vocabulary = 9, vocabulary = 7;

Seq2Seq base() {
  return {.source_vocabulary = source_vocabulary,
          .vocabulary = vocabulary,
          .blocks = {.width = 8, .layers = 2, .heads = 2, .feed_forward = 12, .context = 8}};
}

/// One of each kind.
std::vector<Seq2Seq> kinds() {
  Seq2Seq learned = base(), sinusoidal = base(), rotary = base(), lstm = base();
  learned.decoder_layers = 1;
  sinusoidal.blocks.positions = "sinusoidal";
  sinusoidal.tied = true;
  rotary.blocks.positions = "rotary";
  lstm.blocks.kind = "lstm";
  Seq2Seq bidirectional = lstm;
  bidirectional.blocks.bidirectional = true;
  Seq2Seq gru = bidirectional;
  gru.blocks.kind = "gru";
  return {learned, sinusoidal, rotary, lstm, bidirectional, gru};
}

/// A batch as tensors.
struct Batch {
  Tensor source, lengths, tokens, targets;
  test::Inputs inputs() const {
    return {{"source", &source},
            {"source_lengths", &lengths},
            {"tokens", &tokens},
            {"targets", &targets}};
  }
  BatchShape shape() const {
    return {.batch = source.shape()[1],
            .length = source.shape()[0],
            .target_length = tokens.shape()[0]};
  }
};

/// Two sentences with sources of 5 and 3 tokens, targets of 4 and 2.
Batch two_sentences() {
  Batch batch{some_tokens(5, 2, source_vocabulary), Tensor::of<std::int32_t>({2}, {5, 3}),
              some_tokens(4, 2, vocabulary), some_tokens(4, 2, vocabulary, 5)};
  for (const std::size_t t : {3, 4}) batch.source.as<std::int32_t>()[t * 2 + 1] = 0;
  for (const std::size_t t : {2, 3}) {
    batch.tokens.as<std::int32_t>()[t * 2 + 1] = 0;
    batch.targets.as<std::int32_t>()[t * 2 + 1] = -1;
  }
  return batch;
}

float loss_of(Variables& store, const Seq2Seq& config, const Batch& batch,
              const std::string& label) {
  Graph g(store, Mode::evaluate, label);
  return run(sequence_to_sequence(g, config, batch.shape()).loss.sum, batch.inputs()).front();
}

void create(Variables& store, const Seq2Seq& config) {
  Graph g(store, Mode::train, "create");
  sequence_to_sequence(g, config, {.batch = 1, .length = 1, .target_length = 1});
  shake(store);
}

}  // namespace

TEST_CASE("seq2seq: parameters are under encoder/ and decoder/") {
  const auto names = [](const Seq2Seq& config) {
    Variables store(1);
    create(store, config);
    return store.names();
  };
  const auto has = [](const std::vector<std::string>& all, std::string_view name) {
    return std::ranges::find(all, name) != all.end();
  };
  const auto transformer = names(kinds()[0]);
  for (const char* name :
       {"encoder/embedding", "encoder/position", "encoder/block1/attention/key/weight",
        "encoder/norm/scale", "decoder/embedding", "decoder/position",
        "decoder/block0/cross_norm/shift", "decoder/block0/cross/query/weight",
        "decoder/block0/cross/key/weight", "decoder/block0/cross/value/bias",
        "decoder/block0/cross/output/weight", "decoder/norm/shift", "decoder/output/weight"})
    CHECK_MESSAGE(has(transformer, name), name);
  CHECK_FALSE(has(transformer, "decoder/block1/cross_norm/shift"));
  CHECK_FALSE(has(names(kinds()[1]), "decoder/output/weight"));  // tied
  const auto lstm = names(kinds()[3]);
  for (const char* name :
       {"encoder/lstm1/recurrent_weight", "decoder/lstm1/input_weight",
        "decoder/attention/query/weight", "decoder/attention/output/weight", "decoder/output/bias"})
    CHECK_MESSAGE(has(lstm, name), name);
  CHECK_FALSE(has(lstm, "decoder/attention/query/bias"));
  CHECK(has(names(kinds()[4]), "encoder/lstm0/backward/bias"));
  Seq2Seq shared = base();
  shared.shared_embeddings = true;
  shared.source_vocabulary = vocabulary;
  CHECK(has(names(shared), "embedding"));
  CHECK_FALSE(has(names(shared), "encoder/embedding"));
}

TEST_CASE("seq2seq: a sentence's loss is the same alone and among others and padding") {
  for (const Seq2Seq& config : kinds()) {
    Variables store(3);
    create(store, config);
    const Batch one{some_tokens(3, 1, source_vocabulary), Tensor::of<std::int32_t>({1}, {3}),
                    some_tokens(2, 1, vocabulary), some_tokens(2, 1, vocabulary, 5)};
    // It is item 1; item 0 is another one, longer and not counted, item 2 a row without a sentence.
    Batch many{some_tokens(6, 3, source_vocabulary, 2), Tensor::of<std::int32_t>({3}, {6, 3, 0}),
               some_tokens(5, 3, vocabulary, 1), Tensor({5, 3}, i32)};
    std::ranges::fill(many.targets.as<std::int32_t>(), -1);
    const auto place = [](Tensor& to, const Tensor& from) {
      for (std::size_t t = 0; t < from.as<std::int32_t>().size(); ++t)
        to.as<std::int32_t>()[3 * t + 1] = from.as<std::int32_t>()[t];
    };
    place(many.source, one.source);
    place(many.tokens, one.tokens);
    place(many.targets, one.targets);
    const float alone = loss_of(store, config, one, "one");
    CHECK(std::isfinite(alone));
    CHECK(loss_of(store, config, many, "many") == doctest::Approx(alone).epsilon(1e-5));
  }
}

TEST_CASE("seq2seq: the source is read, and no later target token") {
  for (const Seq2Seq& config : kinds()) {
    Variables store(3);
    create(store, config);
    Batch batch = two_sentences();
    Graph g(store, Mode::evaluate);
    const Model model = sequence_to_sequence(g, config, batch.shape());
    const auto before = run(model.output, batch.inputs());
    batch.source.as<std::int32_t>()[0] += 1;
    const auto other_source = run(model.output, batch.inputs());
    batch.source.as<std::int32_t>()[0] -= 1;
    batch.tokens.as<std::int32_t>()[2 * 2] += 1;  // position 2 of item 0
    const auto other_target = run(model.output, batch.inputs());
    const auto at = [&](const std::vector<float>& logits, std::int64_t t) {
      const auto begin = logits.begin() + t * 2 * vocabulary;
      return std::vector<float>(begin, begin + vocabulary);  // of item 0
    };
    for (std::int64_t t = 0; t < 4; ++t) {
      CHECK(difference(at(before, t), at(other_source, t)) > 1e-5);
      CHECK((difference(at(before, t), at(other_target, t)) == 0) == (t < 2));
    }
  }
}

TEST_CASE("seq2seq: gradients are slopes of the loss") {
  for (Seq2Seq config : kinds()) {
    config.label_smoothing = 0.1f;
    Variables store(3);
    create(store, config);
    Graph g(store, Mode::train);
    const Batch batch = two_sentences();
    test::check_gradients(sequence_to_sequence(g, config, batch.shape()).loss, batch.inputs());
  }
}

TEST_CASE("seq2seq: smoothing is of training alone, accuracy counts the likeliest tokens") {
  Variables store(3);
  Seq2Seq config = base();
  create(store, config);
  const Batch batch = two_sentences();
  const float plain = loss_of(store, config, batch, "plain");
  config.label_smoothing = 0.2f;
  CHECK(loss_of(store, config, batch, "smooth") == plain);
  Graph training(store, Mode::train);
  CHECK(
      run(sequence_to_sequence(training, config, batch.shape()).loss.sum, batch.inputs()).front() !=
      plain);
  Graph g(store, Mode::evaluate);
  const Model model = sequence_to_sequence(g, config, batch.shape());
  const auto logits = run(model.output, batch.inputs());
  const auto targets = batch.targets.as<std::int32_t>();
  float right = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto row = logits.begin() + static_cast<std::ptrdiff_t>(i) * vocabulary;
    right += std::max_element(row, row + vocabulary) - row == targets[i] ? 1.f : 0.f;
  }
  CHECK(run(model.metrics.at("accuracy").sum, batch.inputs()).front() == right);
  CHECK(run(model.metrics.at("accuracy").count, batch.inputs()).front() == 6);
}

TEST_CASE("seq2seq: a few steps learn two sentences by heart") {
  for (Seq2Seq config : kinds()) {
    config.blocks.width = 16;
    config.blocks.dropout = 0.01f;
    Variables store(3);
    Graph g(store, Mode::train);
    const Batch batch = two_sentences();
    const Model model = sequence_to_sequence(g, config, batch.shape());
    optimise({.clip = 1}, gradients_of(model.loss));
    Workers workers(1);
    Execution step(compile(g, {model.loss.sum}), store, workers);
    step.set("learning_rate", 0.02f);
    for (int i = 0; i < 60; ++i) test::run(step, batch.inputs());
    CHECK(step.scalar(model.loss.sum) / 6 < 0.3);
  }
}

TEST_CASE("seq2seq: choices that do not fit together are refused") {
  Variables store(3);
  const auto build = [&](const Seq2Seq& config) {
    Graph g(store);
    sequence_to_sequence(g, config, {.batch = 1, .length = 3, .target_length = 3});
  };
  Seq2Seq c = base();
  c.blocks.kind = "lstn";
  CHECK_THROWS_AS(build(c), UsageError);
  c.blocks.kind = "lstm";
  c.decoder_layers = 1;
  CHECK_THROWS_AS(build(c), UsageError);
  c = base();
  c.blocks.kind = "lstm";
  c.blocks.bidirectional = true;
  c.blocks.width = 7;
  CHECK_THROWS_AS(build(c), UsageError);
  c = base();
  c.shared_embeddings = true;
  CHECK_THROWS_AS(build(c), UsageError);
}

}  // namespace abax
