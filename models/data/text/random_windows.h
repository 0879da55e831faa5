// Windows of a text at random places: for models that carry nothing from batch to batch.
#pragma once

#include <cstdint>
#include <vector>

#include "models/data/batch.h"

namespace abax::data {

/// Batches "tokens" and "targets" [length, batch] and "keep" 0. Each pass draws as many windows as
/// the text holds, their starts independent and equally likely: so a token is read once a pass in
/// the mean, at another place of its window each time.
class RandomWindows : public BatchSource {
 public:
  /// Throws UsageError where batch or length is below 1, DataError on fewer than two tokens. A text
  /// that is shorter than a window fills its beginning; the rest counts nothing.
  RandomWindows(std::vector<std::int32_t> tokens, std::int64_t batch, std::int64_t length,
                std::uint64_t seed);

  const std::vector<BatchShape>& shapes() const override { return shapes_; }
  std::int64_t batches() const override;
  void fill(std::int64_t position, Batch& batch) const override;

 private:
  std::vector<std::int32_t> tokens_;
  std::vector<BatchShape> shapes_;
  std::uint64_t key_;
};

}  // namespace abax::data
