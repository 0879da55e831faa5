// Drawing windows, each batch from a stream of random numbers of its own.
#include "models/data/text/random_windows.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/text.h"

namespace abax::data {

RandomWindows::RandomWindows(std::vector<std::int32_t> tokens, std::int64_t batch,
                             std::int64_t length, std::uint64_t seed)
    : tokens_(std::move(tokens)),
      shapes_{{.batch = batch, .length = length}},
      key_(stream_key(seed, "data", "windows")) {
  if (batch < 1 || length < 1)
    throw UsageError(str_cat("batch and length must be at least 1, not ", batch, " and ", length));
  if (tokens_.size() < 2)
    throw DataError(
        str_cat("expected at least two tokens, one to predict from another; the text has ",
                tokens_.size()));
}

std::int64_t RandomWindows::batches() const {
  const std::int64_t window = shapes_[0].batch * shapes_[0].length;
  return (static_cast<std::int64_t>(tokens_.size()) - 1 + window - 1) / window;
}

void RandomWindows::fill(std::int64_t position, Batch& result) const {
  if (position < 0) throw UsageError(str_cat("a position is at least 0, not ", position));
  const auto [batch, length, target_length] = shapes_[0];
  const TensorType type{{length, batch}, i32};
  const auto tokens = result.prepare("tokens", type).as<std::int32_t>();    // [time, batch]
  const auto targets = result.prepare("targets", type).as<std::int32_t>();  // [time, batch]
  result.prepare("keep", {Shape{}, f32}).as<float>()[0] = 0;
  std::ranges::fill(tokens, 0);
  std::ranges::fill(targets, -1);
  result.shape = 0;
  result.position = position;
  const std::int64_t predictions = static_cast<std::int64_t>(tokens_.size()) - 1;
  const std::int64_t used = std::min(length, predictions);  // of each window
  result.counted = used * batch;
  Random random(key_, static_cast<std::uint64_t>(position));
  for (std::int64_t row = 0; row < batch; ++row) {
    const std::int64_t start = random.below(predictions - used + 1);
    for (std::int64_t time = 0; time < used; ++time) {
      const auto to = static_cast<std::size_t>(time * batch + row);
      tokens[to] = tokens_[static_cast<std::size_t>(start + time)];
      targets[to] = tokens_[static_cast<std::size_t>(start + time + 1)];
    }
  }
}

}  // namespace abax::data
