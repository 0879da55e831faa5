// Beam search against a search of everything, and against greedy decoding.
#include "models/generation/beam_search.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

constexpr std::int64_t vocabulary = 4;
constexpr std::int32_t begin_token = 0, end_token = 3;

/// A language whose next token depends on all tokens before it: log-probabilities by prefix, drawn
/// at random but the same for the same prefix and sequence.
class Language {
 public:
  std::vector<float> after(std::int64_t sequence, const std::vector<std::int32_t>& prefix) const {
    std::string key = str_cat(sequence);
    for (const std::int32_t token : prefix) key += str_cat(",", token);
    Random random(stream_key(7, "language", key));
    std::vector<double> weights;
    double total = 0;
    for (std::int64_t i = 0; i < vocabulary; ++i) {
      weights.push_back(i == begin_token ? 0 : std::exp(1.5 * random.normal()));
      total += weights.back();
    }
    std::vector<float> result;
    for (const double weight : weights)
      result.push_back(static_cast<float>(std::log(weight / total)));
    return result;
  }
};

/// Follows the rows' prefixes from tokens and parents, as a model's caches do.
class Model {
 public:
  explicit Model(std::int64_t beam) : beam_(static_cast<std::size_t>(beam)) {}
  std::span<const float> operator()(std::span<const std::int32_t> tokens,
                                    std::span<const std::int32_t> parents) {
    if (prefixes_.empty()) prefixes_.resize(tokens.size());
    std::vector<std::vector<std::int32_t>> grown;
    for (std::size_t row = 0; row < tokens.size(); ++row) {
      CHECK(static_cast<std::size_t>(parents[row]) / beam_ == row / beam_);
      grown.push_back(prefixes_[static_cast<std::size_t>(parents[row])]);
      grown.back().push_back(tokens[row]);
    }
    prefixes_ = std::move(grown);
    next_.clear();
    for (std::size_t row = 0; row < tokens.size(); ++row)
      for (const float x : Language().after(static_cast<std::int64_t>(row / beam_), prefixes_[row]))
        next_.push_back(x);
    ++steps;
    return next_;
  }
  int steps = 0;

 private:
  std::size_t beam_;
  std::vector<std::vector<std::int32_t>> prefixes_;
  std::vector<float> next_;
};

BeamConfig config_of(std::int64_t beam, std::int64_t n_best, double alpha, std::int64_t limit) {
  return {.beam = beam,
          .n_best = n_best,
          .length_penalty = alpha,
          .limit = limit,
          .begin = begin_token,
          .end = end_token};
}

/// Every sequence of at most `limit` tokens, best first.
std::vector<Hypothesis> everything(std::int64_t sequence, double alpha, std::size_t limit) {
  std::vector<Hypothesis> all;
  const auto grow = [&](const auto& self, const std::vector<std::int32_t>& tokens,
                        double sum) -> void {
    std::vector<std::int32_t> prefix{begin_token};
    prefix.insert(prefix.end(), tokens.begin(), tokens.end());
    const auto next = Language().after(sequence, prefix);
    const double whole = sum + next[end_token];
    all.push_back({tokens, whole, whole / std::pow(static_cast<double>(tokens.size()) + 1, alpha)});
    if (tokens.size() == limit) return;
    for (std::int32_t token = 0; token < vocabulary; ++token) {
      if (token == end_token) continue;
      auto longer = tokens;
      longer.push_back(token);
      self(self, longer, sum + next[static_cast<std::size_t>(token)]);
    }
  };
  grow(grow, {}, 0);
  std::ranges::stable_sort(all, std::ranges::greater{}, &Hypothesis::score);
  return all;
}

}  // namespace

TEST_CASE("beam search: a beam that holds everything finds what a search of everything finds") {
  for (const double alpha : {0.0, 0.6, 1.0}) {
    Model model(128);  // of up to 4 tokens there are 121 sequences
    const auto found = beam_search(2, vocabulary, config_of(128, 6, alpha, 4), model);
    REQUIRE(found.size() == 2);
    for (std::size_t s = 0; s < 2; ++s) {
      const auto expected = everything(static_cast<std::int64_t>(s), alpha, 4);
      REQUIRE(found[s].size() == 6);
      for (std::size_t i = 0; i < 6; ++i) {
        CHECK(found[s][i].tokens == expected[i].tokens);
        CHECK(found[s][i].score == doctest::Approx(expected[i].score));
        CHECK(found[s][i].log_probability == doctest::Approx(expected[i].log_probability));
      }
    }
  }
}

TEST_CASE("beam search: with a beam of 1 it is greedy") {
  Model model(1);
  const auto found = beam_search(8, vocabulary, config_of(1, 1, 1, 6), model);
  for (std::size_t s = 0; s < 8; ++s) {
    std::vector<std::int32_t> prefix{begin_token};
    while (prefix.size() < 7) {
      const auto next = Language().after(static_cast<std::int64_t>(s), prefix);
      const auto token = static_cast<std::int32_t>(std::ranges::max_element(next) - next.begin());
      if (token == end_token) break;
      prefix.push_back(token);
    }
    CHECK(found[s].front().tokens == std::vector(prefix.begin() + 1, prefix.end()));
  }
}

TEST_CASE("beam search: a wider beam finds what is likelier, at most `limit` tokens long") {
  std::map<std::int64_t, double> totals;
  for (const std::int64_t beam : {1, 2, 8}) {
    Model model(beam);
    for (const auto& of_one : beam_search(20, vocabulary, config_of(beam, 1, 0, 5), model)) {
      totals[beam] += of_one.front().log_probability;
      CHECK(of_one.front().tokens.size() <= 5);
    }
    CHECK(model.steps <= 6);
  }
  CHECK(totals[1] < totals[2]);
  CHECK(totals[2] <= totals[8]);
}

TEST_CASE("beam search: an end among the best leaves the whole beam to go on with") {
  // Of the beam of 2 the first step ends one, and the best other one begins with the third token.
  const auto next = [](std::span<const std::int32_t> tokens, std::span<const std::int32_t>) {
    static std::vector<float> result;
    result.clear();
    for (const std::int32_t token : tokens) {
      const std::array<double, vocabulary> probabilities =
          token == begin_token ? std::array{0.0, 0.3, 0.2, 0.5}
          : token == 2         ? std::array{0.0, 0.01, 0.0, 0.99}
                               : std::array{0.0, 0.5, 0.4, 0.1};
      for (const double p : probabilities) result.push_back(static_cast<float>(std::log(p)));
    }
    return std::span<const float>(result);
  };
  const auto found = beam_search(1, vocabulary, config_of(2, 2, 0, 3), next);
  REQUIRE(found[0].size() == 2);
  CHECK(found[0][0].tokens.empty());
  CHECK(found[0][1].tokens == std::vector<std::int32_t>{2});
}

TEST_CASE("beam search: the begin token is never made, however likely") {
  const auto next = [](std::span<const std::int32_t> tokens, std::span<const std::int32_t>) {
    static std::vector<float> result;
    result.clear();
    for (std::size_t row = 0; row < tokens.size(); ++row)
      for (const double p : {0.9, 0.04, 0.03, 0.03})
        result.push_back(static_cast<float>(std::log(p)));
    return std::span<const float>(result);
  };
  const auto searched = beam_search(1, vocabulary, config_of(3, 3, 0, 5), next);
  for (const Hypothesis& found : searched[0])
    CHECK(std::ranges::count(found.tokens, begin_token) == 0);
  Sampler sampler({});
  Random random(1);
  const auto drawn = sample_sequences(5, vocabulary, config_of(1, 1, 0, 9), sampler, random, next);
  for (const Hypothesis& found : drawn) CHECK(std::ranges::count(found.tokens, begin_token) == 0);
}

TEST_CASE("beam search: draws follow the probabilities") {
  // The first token of many draws of one sequence.
  constexpr int draws = 2000;
  Sampler sampler({});
  Random random(1);
  std::array<double, vocabulary> counts{};
  for (int i = 0; i < draws; ++i) {
    Model model(1);
    const auto drawn =
        sample_sequences(1, vocabulary, config_of(1, 1, 0, 1), sampler, random, model);
    const auto& tokens = drawn.front().tokens;
    ++counts[static_cast<std::size_t>(tokens.empty() ? end_token : tokens.front())];
  }
  const auto expected = Language().after(0, {begin_token});
  for (std::size_t i = 0; i < vocabulary; ++i)  // four standard deviations are below 0.045
    CHECK(std::abs(counts[i] / draws - std::exp(expected[i])) < 0.045);
}

TEST_CASE("beam search: log-probabilities of a broken model give an error, no empty result") {
  for (const float broken : {std::nanf(""), -INFINITY}) {
    const std::vector<float> row(static_cast<std::size_t>(3 * vocabulary), broken);
    const auto next = [&](auto, auto) { return std::span<const float>(row); };
    CHECK_THROWS_AS(beam_search(1, vocabulary, config_of(3, 1, 1, 4), next), DivergedError);
    const auto one = [&](auto, auto) { return std::span<const float>(row).first(vocabulary); };
    CHECK_THROWS_AS(beam_search(1, vocabulary, config_of(1, 1, 1, 4), one), DivergedError);
    Sampler sampler({.top_p = 0.9f});
    Random random(1);
    CHECK_THROWS_AS(sample_sequences(1, vocabulary, config_of(1, 1, 1, 4), sampler, random, one),
                    DivergedError);
  }
}

TEST_CASE("beam search: one NaN is told on every way, also at the last step") {
  const float nan = std::nanf(""), infinity = INFINITY;
  for (const float broken : {nan, infinity}) {
    std::vector<float> rows(static_cast<std::size_t>(3 * vocabulary), std::log(0.25f));
    rows[2] = broken;
    const auto next = [&](auto, auto) { return std::span<const float>(rows); };
    const auto one = [&](auto, auto) { return std::span<const float>(rows).first(vocabulary); };
    for (const std::int64_t limit : {0, 4}) {
      CHECK_THROWS_AS(beam_search(1, vocabulary, config_of(3, 1, 1, limit), next), DivergedError);
      for (const SamplingConfig& config :
           {SamplingConfig{}, SamplingConfig{.temperature = 0}, SamplingConfig{.top_k = 1},
            SamplingConfig{.top_p = 0.5f}}) {
        Sampler sampler(config);
        Random random(1);
        CHECK_THROWS_AS(
            sample_sequences(1, vocabulary, config_of(1, 1, 1, limit), sampler, random, one),
            DivergedError);
      }
    }
  }
}

TEST_CASE("beam search: one token may both begin and end a sequence") {
  // Its chance is a half at each step.
  const std::vector<float> row{std::log(0.1f), std::log(0.2f), std::log(0.2f), std::log(0.5f)};
  const std::vector<float> rows{row[0], row[1], row[2], row[3], row[0], row[1], row[2], row[3]};
  const auto next = [&](std::span<const std::int32_t> tokens, auto) {
    return std::span<const float>(rows).first(tokens.size() * 4);
  };
  const BeamConfig both{.beam = 2, .n_best = 2, .limit = 50, .begin = 3, .end = 3};
  const auto found = beam_search(1, vocabulary, both, next);
  CHECK(found[0][0].tokens.empty());
  CHECK(found[0][0].log_probability == doctest::Approx(std::log(0.5)));
  Sampler sampler({});
  Random random(1);
  double length = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto drawn = sample_sequences(1, vocabulary, both, sampler, random, next);
    length += static_cast<double>(drawn[0].tokens.size()) / 2000;
  }
  CHECK(length == doctest::Approx(1).epsilon(0.15));  // four standard deviations are 0.13
}

TEST_CASE("beam search: configurations out of range are refused") {
  Model model(1);
  CHECK_THROWS_AS(beam_search(1, vocabulary, config_of(0, 1, 1, 4), model), UsageError);
  CHECK_THROWS_AS(beam_search(1, vocabulary, config_of(2, 3, 1, 4), model), UsageError);
  CHECK_THROWS_AS(beam_search(1, 3, config_of(1, 1, 1, 4), model), UsageError);
  CHECK_THROWS_AS(beam_search(-1, vocabulary, config_of(1, 1, 1, 4), model), UsageError);
  CHECK_THROWS_AS(beam_search(1, vocabulary, {.begin = -1, .end = 1}, model), UsageError);
  Sampler sampler({});
  Random random(1);
  CHECK_THROWS_AS(sample_sequences(1, 3, config_of(1, 1, 1, 4), sampler, random, model),
                  UsageError);
  CHECK_THROWS_AS(beam_search(1, vocabulary + 1, config_of(1, 1, 1, 4), model), UsageError);
}

}  // namespace abax
