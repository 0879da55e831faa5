// What every model gives, whatever its task: the results of a graph built for one shape of batches.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/tensor.h"
#include "core/graph/graph.h"
#include "ops/loss.h"

namespace abax {

/// What a graph is built for: one plan a shape, all with the same parameters.
struct BatchShape {
  std::int64_t batch = 0;          // sequences or images
  std::int64_t length = 0;         // tokens of each; of a translation: of its source; images: 0
  std::int64_t target_length = 0;  // of a translation: tokens of the target with its end
  friend bool operator==(const BatchShape&, const BatchShape&) = default;
};

/// The inputs of a batch, by the names that the graph has for them. Which there are depends on what
/// is learnt; sequences are [time, batch].
///
/// language        The next token of a text: "tokens" and "targets" [time, batch] i32 (-1 is not
///                 counted), "keep" [] f32, which is 0 where a run begins new streams and 1 where
///                 it continues those of the run before.
/// translation     A sequence from another: "source" [length, batch] i32 with "source_lengths"
///                 [batch] i32, "tokens" [target_length, batch] i32 (the begin token, then the
///                 target), "targets" likewise (the target, then the end token; -1 is not counted).
/// classification  The class of a sequence: "tokens" [length, batch] i32 with "lengths" [batch]
///                 i32, "labels" [batch] i32 (-1 is not counted).
/// images          Images and what stands for them: "images" [batch, height, width, channels] f32
///                 in [0, 1], "weights" [batch] f32, 0 for rows that only fill a batch, else 1.
/// sentences       Sentences and what stands for them: "tokens" [time, batch] i32 (the begin token,
///                 then the sentence), "targets" likewise (the sentence, then the end token; -1 is
///                 not counted), "lengths" [batch] i32 (how many of these count), "weights" [batch]
///                 f32, 0 for rows that only fill a batch, else 1. Further, where the data has
///                 them, "labels" [batch] i32 (-1: none).
/// pairs           Sentences, each with a source, and what stands for them: the inputs of
///                 translation, besides "lengths" and "weights" as of sentences.
/// codes           The codes of items, each sequence with a label: "tokens" [time, batch] i32 (the
///                 label's token, then codes), "targets" [time, batch] i32 (codes; -1 is not
///                 counted).
using BatchInputs = std::span<const std::pair<std::string, Tensor>>;

/// Scalar inputs of a training graph that follow a schedule, by name: "learning_rate",
/// "temperature", "kl_weight". A graph takes those that it reads.
using Scalars = std::map<std::string, float>;

struct Model {
  /// Logits [time, batch, vocabulary]; of a classifier [batch, classes]; of an autoencoder the mean
  /// of the reconstructed images, [batch, height, width, channels].
  Value output;
  /// Over the targets (or images) that count: {sum of nats [], count []}.
  Loss loss;
  /// Further ones, such as "accuracy" or "kl": {sum, count}. Those of a training graph are shown
  /// while it trains, so they must be cheap.
  std::map<std::string, Loss> metrics = {};
  /// f32 tensors that add up over batches, in evaluation graphs; what is not linear follows from
  /// the sums: "code_counts" [codes] gives perplexity and usage.
  std::map<std::string, Value> statistics = {};
  /// Beginnings of the names of parameters that learn something else than the model, such as a
  /// baseline's: see OptimiserConfig::apart.
  std::vector<std::string> apart = {};
};

}  // namespace abax
