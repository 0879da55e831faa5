// Drawing one class from logits: temperature, top-k and top-p.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/random.h"
#include "models/settings/fields.h"

namespace abax {

struct SamplingConfig {
  float temperature = 1;   // logits are divided by it; 0 takes the most likely class
  std::int64_t top_k = 0;  // only the k most likely classes; 0: all
  float top_p = 1;         // only the fewest most likely classes whose probabilities reach p
                           // (Holtzman et al. 2020, section 3.1)
};

void fields(Fields& f, SamplingConfig& s);

/// Throws UsageError, saying the range, where a temperature is negative, a top-k is negative or a
/// top-p is not in (0, 1].
void check_sampling(const SamplingConfig& config);

/// Keeps its memory between draws.
class Sampler {
 public:
  explicit Sampler(SamplingConfig config) : config_(config) { check_sampling(config); }
  /// A class of `logits` [classes], one at least; equal logits are taken in their order.
  /// Throws DivergedError where one is NaN, or the largest is no finite number.
  std::int32_t draw(std::span<const float> logits, Random& random);

 private:
  SamplingConfig config_;
  std::vector<std::int32_t> order_;  // classes, likeliest first as far as is needed
  std::vector<double> weights_;      // exp(logit - largest) of each in order_
};

}  // namespace abax
