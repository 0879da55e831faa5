// Cutting tokens into streams and windows.
#include "tools/data/token_stream.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax::data {

TokenStream::TokenStream(std::vector<std::int32_t> tokens, std::int64_t batch, std::int64_t length)
    : tokens_(std::move(tokens)), batch_(batch), length_(length) {
  if (batch < 1 || length < 1)
    throw UsageError(text("batch and length must be at least 1, not ", batch, " and ", length));
  if (tokens_.size() < 2)
    throw DataError(text("expected at least two tokens, one to predict from another; the text has ",
                         tokens_.size()));
}

std::int64_t TokenStream::windows() const {
  const std::int64_t longest = (predictions() + batch_ - 1) / batch_;
  return (longest + length_ - 1) / length_;
}

Batch TokenStream::make(std::int64_t position) const {
  Batch batch{Tensor({length_, batch_}, i32), Tensor({length_, batch_}, i32)};
  fill(position, batch);
  return batch;
}

void TokenStream::fill(std::int64_t position, Batch& batch) const {
  if (position < 0) throw UsageError(text("a position is at least 0, not ", position));
  const TensorType type{{length_, batch_}, i32};
  if (batch.tokens.type() != type || batch.targets.type() != type)
    throw UsageError(text("expected a batch of ", type, ", found ", batch.tokens.type(), " and ",
                          batch.targets.type()));
  const std::int64_t window = position % windows();
  const auto tokens = batch.tokens.as<std::int32_t>();    // [time, batch]
  const auto targets = batch.targets.as<std::int32_t>();  // [time, batch]
  std::ranges::fill(tokens, 0);
  std::ranges::fill(targets, -1);
  batch.stream_start = window == 0;
  batch.position = position;
  batch.counted = 0;
  const std::int64_t each = predictions() / batch_;
  const std::int64_t longer = predictions() % batch_;  // so many streams have one more
  for (std::int64_t stream = 0; stream < batch_; ++stream) {
    const std::int64_t start = stream * each + std::min(stream, longer);
    const std::int64_t size = each + (stream < longer ? 1 : 0);
    const std::int64_t count = std::clamp<std::int64_t>(size - window * length_, 0, length_);
    for (std::int64_t time = 0; time < count; ++time) {
      const auto from = static_cast<std::size_t>(start + window * length_ + time);
      const auto to = static_cast<std::size_t>(time * batch_ + stream);
      tokens[to] = tokens_[from];
      targets[to] = tokens_[from + 1];
    }
    batch.counted += count;
  }
}

}  // namespace abax::data
