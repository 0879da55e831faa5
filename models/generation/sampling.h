// Drawing one class from logits: temperature, top-k and top-p.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/random.h"
#include "models/settings/fields.h"

namespace abax {

struct SamplingConfig {
  float temperature = 1;         // logits are divided by it; 0 takes the most likely class
  std::int64_t top_k = 0;        // only the k most likely classes; 0: all
  float top_p = 1;               // only the fewest most likely classes whose probabilities reach p
                                 // (Holtzman et al. 2020, section 3.1)
  float repetition_penalty = 1;  // above 1: classes drawn before become less likely
};

void fields(Fields& f, SamplingConfig& s);
/// Apart from the others: only what is drawn one after another, such as text, has it.
Field& repetition_penalty_field(Fields& f, float& penalty);

/// Keeps its memory between draws.
class Sampler {
 public:
  /// Throws UsageError, saying the range, where a temperature is negative, a top-k is negative, a
  /// top-p is not in (0, 1] or a repetition penalty is not above 0.
  explicit Sampler(SamplingConfig config);
  /// Classes that are never drawn from now on, and no others. Throws UsageError on one below 0.
  void ban(std::vector<std::int32_t> classes);
  /// A class of `logits` [classes], one at least; equal logits are taken in their order. With a
  /// repetition penalty p the logits of the classes in `before` are first divided by p where they
  /// are above 0, multiplied by it below (Keskar et al. 2019, section 4.1, made right for negative
  /// logits). Throws DivergedError where a logit is NaN, or the largest is no finite number;
  /// UsageError where there are none or all are banned, and on a class of `before` or a banned one
  /// that there is not.
  std::int32_t draw(std::span<const float> logits, Random& random,
                    std::span<const std::int32_t> before = {});

 private:
  std::span<const float> adjusted(std::span<const float> logits,
                                  std::span<const std::int32_t> before);

  SamplingConfig config_;
  std::vector<std::int32_t> banned_;
  std::vector<float> adjusted_;      // logits with penalties and bans
  std::vector<std::int32_t> order_;  // classes, likeliest first as far as is needed
  std::vector<double> weights_;      // exp(logit - largest) of each in order_
};

}  // namespace abax
