// What tests of models share: tokens, and runs of a graph.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/plan/execution.h"

namespace abax::test {

using Inputs = std::vector<std::pair<std::string, const Tensor*>>;

/// i32 [time, batch], a fixed mixture of 0 to vocabulary - 1.
inline Tensor some_tokens(std::int64_t time, std::int64_t batch, int vocabulary, int start = 0) {
  Tensor tokens({time, batch}, i32);
  int i = start;
  for (std::int32_t& token : tokens.as<std::int32_t>()) {
    token = (3 * i + i * i + i / 3) % vocabulary;
    ++i;
  }
  return tokens;
}

/// Parameters far from their small beginnings, so that every part of the model matters.
inline void shake(Variables& store, double deviation = 0.3) {
  for (int i = 0; i < store.count(); ++i) {
    // Moving averages stay what they are of.
    if (store[i].role != Role::trainable || store[i].name.ends_with("/normalised/mean") ||
        store[i].name.ends_with("/normalised/variance"))
      continue;
    Random random(stream_key(5, "shake", store[i].name));
    for (float& x : store[i].write().as<float>())
      x += static_cast<float>(deviation * random.normal());
  }
}

/// Binds what the plan reads of `inputs`, and runs it.
inline void run(Execution& execution, const Inputs& inputs) {
  for (const auto& [name, tensor] : inputs)
    if (execution.reads(name)) execution.set(name, *tensor);
  execution.run();
}

/// Compiles for one value, runs once and copies it.
inline std::vector<float> run(Value value, const Inputs& inputs, int threads = 1) {
  Workers workers(threads);
  Execution execution(compile(value.graph(), {value}), value.graph().store(), workers);
  run(execution, inputs);
  const auto result = execution.get(value).as<float>();
  return {result.begin(), result.end()};
}

/// The greatest difference of two lists of equal length, else infinity.
inline double difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(double{a[i]} - b[i]));
  return most;
}

}  // namespace abax::test
