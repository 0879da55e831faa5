// What every model gives, whatever its task: the results of a graph built for one shape of batches.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/graph/graph.h"
#include "ops/loss.h"

namespace abax {

/// What a graph is built for: one plan a shape, all with the same parameters.
struct BatchShape {
  std::int64_t batch = 0;          // sequences
  std::int64_t length = 0;         // tokens of each; of a translation: of its source
  std::int64_t target_length = 0;  // of a translation: tokens of the target with its end
  friend bool operator==(const BatchShape&, const BatchShape&) = default;
};

/// What is learnt, and so which inputs a graph has. All sequences are [time, batch].
enum class TaskKind : std::uint8_t {
  /// The next token of a text: "tokens" and "targets" [time, batch] i32 (-1 is not counted), "keep"
  /// [] f32, which is 0 where a run begins new streams and 1 where it continues those of the run
  /// before.
  language,
  /// A sequence from another: "source" [length, batch] i32 with "source_lengths" [batch] i32,
  /// "tokens" [target_length, batch] i32 (the begin token, then the target), "targets" likewise
  /// (the target, then the end token; -1 is not counted).
  translation,
  /// The class of a sequence: "tokens" [length, batch] i32 with "lengths" [batch] i32, "labels"
  /// [batch] i32 (-1 is not counted).
  classification,
};

struct Model {
  Value logits;  // [time, batch, vocabulary]; of a classifier [batch, classes]
  Loss loss;     // over the targets that count: {sum of nats [], count []}
  std::map<std::string, Loss> metrics = {};  // further ones, such as "accuracy": {sum, count}
};

}  // namespace abax
