// The feed-forward language model: its definition, and streams cut into windows and steps.
#include "models/ngram_lm.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "core/base/error.h"
#include "core/plan/execution.h"
#include "models/generation/generator.h"

namespace abax {
namespace {

const NgramLm settings{.vocabulary = 7, .order = 3, .width = 4};

Tensor tokens_of(std::int64_t time) {
  Tensor tokens({time, 1}, i32);
  for (std::size_t i = 0; i < tokens.as<std::int32_t>().size(); ++i)
    tokens.as<std::int32_t>()[i] = static_cast<std::int32_t>((3 * i + i * i) % 7);
  return tokens;
}

/// Eq. 1 by its definition, [time * vocabulary]; a token before the first has an embedding of
/// zeros.
std::vector<double> by_definition(Variables& store, const Tensor& tokens) {
  const auto values = [&](const char* name) { return store.at(name).value().as<float>(); };
  const auto embedding = values("embedding"), h = values("hidden/weight"),
             d = values("hidden/bias"), u = values("output/weight"), b = values("output/bias");
  const auto read = tokens.as<std::int32_t>();
  std::vector<double> logits;
  for (std::size_t t = 0; t < read.size(); ++t) {
    std::vector<double> hidden(d.begin(), d.end());
    for (std::size_t i = 0; i < 3; ++i) {
      if (t + i < 2) continue;  // before the first
      const auto token = static_cast<std::size_t>(read[t + i - 2]);
      for (std::size_t k = 0; k < 4; ++k)
        for (std::size_t j = 0; j < 4; ++j)
          hidden[j] += double{embedding[4 * token + k]} * h[(4 * i + k) * 4 + j];
    }
    for (std::size_t v = 0; v < 7; ++v) {
      double logit = b[v];
      for (std::size_t j = 0; j < 4; ++j) logit += std::tanh(hidden[j]) * u[7 * j + v];
      logits.push_back(logit);
    }
  }
  return logits;
}

}  // namespace

TEST_CASE("n-gram model: logits by their definition, in one window, in two, and step by step") {
  Variables store(3);
  const Tensor tokens = tokens_of(6);
  Workers workers(1);
  Graph whole(store, Mode::train, "whole"), half(store, Mode::evaluate, "half");
  const Model all = ngram_language_model(whole, settings, {.batch = 1, .length = 6});
  const Model part = ngram_language_model(half, settings, {.batch = 1, .length = 3});
  const std::vector<double> expected = by_definition(store, tokens);
  const auto check = [&](std::span<const float> got, std::size_t first) {
    for (std::size_t i = 0; i < got.size(); ++i)
      CHECK(got[i] == doctest::Approx(expected[first + i]).epsilon(1e-5));
  };
  Execution long_run(compile(whole, {all.output}), store, workers);
  long_run.set("tokens", tokens);
  long_run.set("keep", 0.f);
  long_run.run();
  check(long_run.get(all.output).as<float>(), 0);

  Execution short_run(compile(half, {part.output}), store, workers);
  for (int repeat = 0; repeat < 2; ++repeat)  // the second time shows that keep = 0 begins anew
    for (std::size_t i = 0; i < 2; ++i) {
      const Tensor piece =
          Tensor::of<std::int32_t>({3, 1}, tokens.as<std::int32_t>().subspan(3 * i, 3));
      short_run.set("tokens", piece);
      short_run.set("keep", i == 0 ? 0.f : 1.f);
      short_run.run();
      check(short_run.get(part.output).as<float>(), 21 * i);
    }

  Generator generator(store, {"ngram_lm", settings}, workers);
  for (std::size_t t = 0; t < 6; ++t) check(generator.next(tokens.as<std::int32_t>()[t]), 7 * t);
}

TEST_CASE("n-gram model: an order of no token is refused, one of one token carries nothing") {
  Variables store(3);
  Graph g(store);
  CHECK_THROWS_AS(ngram_language_model(g, {.vocabulary = 7, .order = 0}, {.batch = 1, .length = 2}),
                  UsageError);
  Graph alone(store);
  ngram_language_model(alone, {.vocabulary = 7, .order = 1, .width = 4}, {.batch = 1, .length = 2});
  CHECK(store.names().size() == 5);
}

}  // namespace abax
