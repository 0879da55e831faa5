// Cutting tokens into streams and windows.
#include "models/data/text/token_stream.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax::data {

TokenStream::TokenStream(std::vector<std::int32_t> tokens, std::int64_t batch, std::int64_t length)
    : tokens_(std::move(tokens)), shapes_{{.batch = batch, .length = length}} {
  if (batch < 1 || length < 1)
    throw UsageError(str_cat("batch and length must be at least 1, not ", batch, " and ", length));
  if (tokens_.size() < 2)
    throw DataError(
        str_cat("expected at least two tokens, one to predict from another; the text has ",
                tokens_.size()));
}

std::int64_t TokenStream::batches() const {
  const std::int64_t longest = (predictions() + batch() - 1) / batch();
  return (longest + length() - 1) / length();
}

void TokenStream::fill(std::int64_t position, Batch& result) const {
  if (position < 0) throw UsageError(str_cat("a position is at least 0, not ", position));
  const std::int64_t batch = this->batch(), length = this->length();
  const std::int64_t window = position % batches();
  const TensorType type{{length, batch}, i32};
  const auto tokens = result.prepare("tokens", type).as<std::int32_t>();    // [time, batch]
  const auto targets = result.prepare("targets", type).as<std::int32_t>();  // [time, batch]
  result.prepare("keep", {Shape{}, f32}).as<float>()[0] = window == 0 ? 0.f : 1.f;
  std::ranges::fill(tokens, 0);
  std::ranges::fill(targets, -1);
  result.shape = 0;
  result.position = position;
  result.counted = 0;
  const std::int64_t each = predictions() / batch;
  const std::int64_t longer = predictions() % batch;  // so many streams have one more
  for (std::int64_t stream = 0; stream < batch; ++stream) {
    const std::int64_t start = stream * each + std::min(stream, longer);
    const std::int64_t size = each + (stream < longer ? 1 : 0);
    const std::int64_t count = std::clamp<std::int64_t>(size - window * length, 0, length);
    for (std::int64_t time = 0; time < count; ++time) {
      const auto from = static_cast<std::size_t>(start + window * length + time);
      const auto to = static_cast<std::size_t>(time * batch + stream);
      tokens[to] = tokens_[from];
      targets[to] = tokens_[from + 1];
    }
    result.counted += count;
  }
}

}  // namespace abax::data
