// What every language model takes and gives.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/graph/graph.h"
#include "ops/loss.h"

namespace abax {

struct LanguageModelConfig {
  std::int64_t vocabulary = 0;
  std::int64_t width = 128;  // of the embedding and of each layer
  std::int64_t layers = 1;
  float dropout = 0;  // in training graphs, after the embedding and each layer
  bool tied = false;  // the output projection shares the embedding's weight
};

/// As a checkpoint keeps it, and back. The latter throws CheckpointError on a value that is missing
/// or malformed.
std::map<std::string, std::string> to_values(const LanguageModelConfig& config);
LanguageModelConfig language_model_config(const std::map<std::string, std::string>& values);

/// A graph's inputs and results. Its inputs are "tokens" [time, batch] i32, "targets" [time, batch]
/// i32
/// (-1 is not counted) and "keep" [] f32, which is 0 where a run begins new streams and 1 where it
/// continues those of the run before.
struct LanguageModel {
  Value logits;  // [time, batch, vocabulary]
  Loss loss;     // over the targets that count: {sum of nats [], count []}
};

}  // namespace abax
