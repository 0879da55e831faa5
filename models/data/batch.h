// Batches, and what gives them: data as tensors for the inputs of a model's graph.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/tensor.h"
#include "models/model.h"

namespace abax::data {

struct Batch {
  int shape = 0;  // which of its source's shapes: the plan to run it with
  std::vector<std::pair<std::string, Tensor>> inputs = {};  // by the names of the graph's inputs
  std::int64_t position = 0;                                // batches before it, over all passes
  std::int64_t counted = 0;                                 // targets that count

  /// Throws UsageError where there is none of that name.
  const Tensor& input(std::string_view name) const;
  /// The one of that name, for filling: made where there is none, and made anew where it has
  /// another type.
  Tensor& prepare(std::string_view name, TensorType type);
};

/// Data cut into batches. Safe to use from several threads.
class BatchSource {
 public:
  virtual ~BatchSource() = default;

  /// The shapes of its batches, at least one: a plan each.
  virtual const std::vector<BatchShape>& shapes() const = 0;
  /// How many batches one pass over the data has, at least one. Position p is batch p % batches()
  /// of pass p / batches().
  virtual std::int64_t batches() const = 0;
  /// Overwrites `batch` with that of a position, which depends on the position (and a seed given
  /// at the beginning) alone: so a run that is resumed in mid-pass goes on exactly. A pass counts
  /// everything that can be predicted exactly once. Throws UsageError on a position below 0.
  virtual void fill(std::int64_t position, Batch& batch) const = 0;

  /// The batch of a position.
  Batch make(std::int64_t position) const {
    Batch batch;
    fill(position, batch);
    return batch;
  }
};

}  // namespace abax::data
