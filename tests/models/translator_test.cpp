// Translation step by step against the whole graph, in batches and with wider beams.
#include "models/generation/translator.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/seq2seq.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

using test::run;

constexpr std::int32_t begin_token = 1, end_token = 2;

/// A Transformer with each kind of positions, LSTM and GRU.
std::vector<Seq2Seq> kinds() {
  std::vector<Seq2Seq> result;
  for (const char* positions : {"learned", "sinusoidal", "rotary"})
    result.push_back(
        {.source_vocabulary = 9,
         .vocabulary = 7,
         .blocks = {.width = 8, .layers = 2, .heads = 2, .positions = positions, .context = 10},
         .decoder_layers = 1});
  for (const bool bidirectional : {false, true})
    result.push_back({.source_vocabulary = 9,
                      .vocabulary = 7,
                      .blocks = {.kind = bidirectional ? "gru" : "lstm",
                                 .width = 8,
                                 .layers = 2,
                                 .bidirectional = bidirectional}});
  return result;
}

void create(Variables& store, const Seq2Seq& config) {
  Graph g(store, Mode::train, "create");
  sequence_to_sequence(g, config, {.batch = 1, .length = 1, .target_length = 1});
  test::shake(store, 0.7);  // far enough that beams change places
}

const std::vector<std::vector<std::int32_t>> sources{{3, 4, 2}, {8, 2}, {5, 6, 7, 8, 2}};

BeamConfig search_of(std::int64_t beam, std::int64_t limit = 6) {
  return {.beam = beam, .n_best = beam, .limit = limit, .begin = begin_token, .end = end_token};
}

/// The log-probabilities [steps, vocabulary] of what follows each token of begin + target.
std::vector<float> whole(Variables& store, const Seq2Seq& config,
                         const std::vector<std::int32_t>& source,
                         const std::vector<std::int32_t>& target, const std::string& label) {
  const auto length = static_cast<std::int64_t>(source.size());
  const auto steps = static_cast<std::int64_t>(target.size()) + 1;
  Graph g(store, Mode::evaluate, label);
  const BatchShape shape{.batch = 1, .length = length, .target_length = steps};
  const Model model = sequence_to_sequence(g, config, shape);
  std::vector<std::int32_t> read{begin_token};
  read.insert(read.end(), target.begin(), target.end());
  const Tensor source_tensor = Tensor::of<std::int32_t>({length, 1}, std::span(source));
  const Tensor lengths = Tensor::of<std::int32_t>({1}, {static_cast<std::int32_t>(source.size())});
  const Tensor tokens = Tensor::of<std::int32_t>({steps, 1}, std::span(std::as_const(read)));
  auto logits =
      run(model.output,
          {{"source", &source_tensor}, {"source_lengths", &lengths}, {"tokens", &tokens}});
  const auto vocabulary = static_cast<std::size_t>(config.vocabulary);
  for (std::size_t row = 0; row < logits.size(); row += vocabulary) {
    double total = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) total += std::exp(double{logits[row + i]});
    for (std::size_t i = 0; i < vocabulary; ++i)
      logits[row + i] -= static_cast<float>(std::log(total));
  }
  return logits;
}

/// The log-probability of a target and its end, by the whole graph.
double log_probability(const std::vector<float>& next, const std::vector<std::int32_t>& target,
                       std::size_t vocabulary) {
  double sum = 0;
  for (std::size_t t = 0; t <= target.size(); ++t)
    sum +=
        next[t * vocabulary + static_cast<std::size_t>(t < target.size() ? target[t] : end_token)];
  return sum;
}

}  // namespace

TEST_CASE("translator: greedy takes the likeliest tokens of the whole graph on its own output") {
  for (const Seq2Seq& config : kinds()) {
    Variables store(4);
    create(store, config);
    Workers workers(1);
    // Batches of 2: the last one is not full.
    Translator translator(store, {"seq2seq", config},
                          {.batch = 2, .length = 6, .beam = 1, .limit = 7}, workers);
    const auto found = translator.translate(sources, search_of(1));
    REQUIRE(found.size() == 3);
    for (std::size_t s = 0; s < 3; ++s) {
      const auto& target = found[s].front().tokens;
      const auto next = whole(store, config, sources[s], target, str_cat("whole", s));
      for (std::size_t t = 0; t < target.size() + (target.size() < 6 ? 1 : 0); ++t) {
        const auto row = next.begin() + static_cast<std::ptrdiff_t>(7 * t);
        CHECK(std::max_element(row, row + 7) - row == (t < target.size() ? target[t] : end_token));
      }
      CHECK(found[s].front().log_probability ==
            doctest::Approx(log_probability(next, target, 7)).epsilon(1e-4));
    }
  }
}

TEST_CASE("translator: hypotheses of a beam have the log-probabilities of the whole graph") {
  for (const Seq2Seq& config : kinds()) {
    Variables store(4);
    create(store, config);
    Workers workers(1);
    Translator translator(store, {"seq2seq", config},
                          {.batch = 2, .length = 5, .beam = 3, .limit = 7}, workers);
    const auto found = translator.translate(sources, search_of(3));
    int graphs = 0;
    for (std::size_t s = 0; s < 3; ++s) {
      REQUIRE_FALSE(found[s].empty());
      for (const Hypothesis& h : found[s]) {
        const auto next = whole(store, config, sources[s], h.tokens, str_cat("whole", graphs++));
        CHECK(h.log_probability ==
              doctest::Approx(log_probability(next, h.tokens, 7)).epsilon(1e-4));
      }
    }
  }
}

TEST_CASE("translator: the store keeps nothing of it, and others may have another shape") {
  const Seq2Seq config = kinds().front();
  Variables store(4);
  create(store, config);
  const int before = store.count();
  Workers workers(1);
  const DecodingShape small{.batch = 2, .length = 5, .limit = 7};
  Translator one(store, {"seq2seq", config}, small, workers);
  Translator other(store, {"seq2seq", config}, {.batch = 3, .length = 6, .beam = 2, .limit = 8},
                   workers);
  const auto expected = one.translate(sources, search_of(1));
  other.translate(sources, search_of(2));
  const auto again = one.translate(sources, search_of(1));
  for (std::size_t s = 0; s < 3; ++s) CHECK(again[s][0].tokens == expected[s][0].tokens);
  CHECK(store.count() == before);
  // It shares the parameters as they are now.
  test::shake(store, 3);
  const double changed = one.translate(sources, search_of(1))[0][0].score;
  CHECK(changed != expected[0][0].score);
  Translator anew(store, {"seq2seq", config}, small, workers);
  CHECK(anew.translate(sources, search_of(1))[0][0].score == changed);
}

TEST_CASE("translator: drawn targets have the log-probabilities of the whole graph") {
  const Seq2Seq config = kinds().front();
  Variables store(4);
  create(store, config);
  Workers workers(1);
  Translator translator(store, {"seq2seq", config}, {.batch = 2, .length = 5, .limit = 7}, workers);
  Sampler sampler({.temperature = 2});
  Random random(1);
  const auto drawn = translator.sample(sources, search_of(1), sampler, random);
  REQUIRE(drawn.size() == 3);
  for (std::size_t s = 0; s < 3; ++s) {
    const auto next = whole(store, config, sources[s], drawn[s].tokens, str_cat("whole", s));
    CHECK(drawn[s].log_probability ==
          doctest::Approx(log_probability(next, drawn[s].tokens, 7)).epsilon(1e-4));
  }
}

TEST_CASE("translator: what does not fit its shape is refused") {
  const Seq2Seq config = kinds().front();
  Variables store(4);
  create(store, config);
  Workers workers(1);
  Translator translator(store, {"seq2seq", config},
                        {.batch = 2, .length = 4, .beam = 2, .limit = 7}, workers);
  CHECK_THROWS_AS(translator.translate(sources, search_of(2)), UsageError);  // a source of 5
  CHECK_THROWS_AS(translator.translate(std::span(sources).first(1), search_of(1)), UsageError);
  CHECK_THROWS_AS(translator.translate(std::span(sources).first(1), search_of(2, 7)), UsageError);
  CHECK_THROWS_AS(Translator(store, ModelSettings("lstm_lm"), {}, workers), UsageError);
  Variables empty;
  CHECK_THROWS_AS(Translator(empty, {"seq2seq", config}, {.length = 4, .limit = 7}, workers),
                  UsageError);
}

}  // namespace abax
