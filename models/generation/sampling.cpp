// Sampling in double, from the likeliest class down.
#include "models/generation/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/settings/values.h"

namespace abax {

void fields(Fields& f, SamplingConfig& s) {
  f("temperature", s.temperature, "below 1 bolder, above 1 wilder; 0 takes the likeliest")
      .at_least(0);
  f("top-k", s.top_k, "draw among the k likeliest tokens; 0: all").at_least(0);
  f("top-p", s.top_p, "draw among the likeliest tokens that reach this probability")
      .above(0)
      .at_most(1);
}

Field& repetition_penalty_field(Fields& f, float& penalty) {
  return f("repetition-penalty", penalty,
           "above 1: logits of tokens that the text has already are divided by it, or multiplied "
           "where they are negative (Keskar et al. 2019)")
      .above(0);
}

namespace {

/// The largest logit. A model whose weights are broken has none that a draw could go by.
float checked_largest(std::span<const float> logits) {
  const bool numbers = std::ranges::none_of(logits, [](float x) { return std::isnan(x); });
  const float largest = logits.empty() ? -INFINITY : *std::ranges::max_element(logits);
  if (!numbers || !std::isfinite(largest))
    throw DivergedError(
        str_cat("cannot draw one of ", logits.size(), " classes: ",
                numbers ? str_cat("the largest logit is ", largest)
                        : std::string("a logit is not a number"),
                "; the model's weights are broken: train anew with a lower learning "
                "rate, or take an older checkpoint"));
  return largest;
}

}  // namespace

Sampler::Sampler(SamplingConfig config) : config_(config) {
  const auto declare = [&config](Fields& f) {
    f.part(config);
    repetition_penalty_field(f, config.repetition_penalty);
  };
  check_values(declare, "a Sampler");
}

void Sampler::ban(std::vector<std::int32_t> classes) {
  for (const std::int32_t c : classes)
    if (c < 0) throw UsageError(str_cat("there is no class ", c, " to ban"));
  banned_ = std::move(classes);
}

std::span<const float> Sampler::adjusted(std::span<const float> logits,
                                         std::span<const std::int32_t> before) {
  const bool penalised = config_.repetition_penalty != 1 && !before.empty();
  if (!penalised && banned_.empty()) return logits;
  adjusted_.assign(logits.begin(), logits.end());
  const auto at = [&](std::int32_t c) {
    if (c < 0 || static_cast<std::size_t>(c) >= logits.size())
      throw UsageError(str_cat("there is no class ", c, " among ", logits.size()));
    return static_cast<std::size_t>(c);
  };
  if (penalised)
    for (const std::int32_t c : before) {
      const float x = logits[at(c)];  // once, however often it came
      adjusted_[at(c)] = x > 0 ? x / config_.repetition_penalty : x * config_.repetition_penalty;
    }
  for (const std::int32_t c : banned_) adjusted_[at(c)] = -std::numeric_limits<float>::infinity();
  if (*std::ranges::max_element(adjusted_) == -std::numeric_limits<float>::infinity())
    throw UsageError(str_cat("of ", logits.size(), " classes all that can be drawn are banned"));
  return adjusted_;
}

std::int32_t Sampler::draw(std::span<const float> given, Random& random,
                           std::span<const std::int32_t> before) {
  if (given.empty()) throw UsageError("a draw is from the logits of one class at least, got none");
  checked_largest(given);
  const std::span<const float> logits = adjusted(given, before);
  const float largest = checked_largest(logits);
  if (config_.temperature == 0)
    return static_cast<std::int32_t>(std::ranges::max_element(logits) - logits.begin());
  const auto classes = logits.size();
  const auto kept =
      config_.top_k > 0 ? std::min(classes, static_cast<std::size_t>(config_.top_k)) : classes;
  order_.resize(classes);
  std::iota(order_.begin(), order_.end(), 0);
  const auto likelier = [&](std::int32_t a, std::int32_t b) {
    const float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  };
  const bool whole = kept == classes && config_.top_p == 1;  // the order is of no matter then
  if (!whole)
    std::partial_sort(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(kept),
                      order_.end(), likelier);
  order_.resize(kept);

  weights_.clear();
  double total = 0;
  for (const std::int32_t c : order_) {
    const double difference = double{logits[static_cast<std::size_t>(c)]} - largest;
    weights_.push_back(std::exp(difference / config_.temperature));
    total += weights_.back();
  }
  if (config_.top_p < 1) {
    double sum = 0;
    std::size_t count = 0;
    while (count < weights_.size() && sum < config_.top_p * total) sum += weights_[count++];
    weights_.resize(count);
    total = sum;
  }
  double at = random.uniform() * total;
  for (std::size_t i = 0; i < weights_.size(); ++i)
    if ((at -= weights_[i]) < 0) return order_[i];
  return order_[weights_.size() - 1];  // rounding: the last kept class
}

}  // namespace abax
