// Batches of contiguous text: the tokens are cut into parallel streams, so that a recurrent model's
// state at the end of one batch is the right one for the next.
//
//     TokenStream stream(tokens, /*batch=*/20, /*length=*/35);
//     Batch batch = stream.make(0);        // "tokens" and "targets" [35, 20], "keep" []
//
// n tokens hold n - 1 predictions (of each token but the first, from those before it). They are
// dealt to the streams in contiguous pieces whose sizes differ by at most one, the longer ones
// first; each stream is read in windows of `length`. A pass counts every prediction exactly once:
// where a stream has ended, tokens are 0 and targets are -1. "keep" is 0 for the first window of a
// pass, whose state starts anew, else 1.
#pragma once

#include <cstdint>
#include <vector>

#include "models/data/batch.h"

namespace abax::data {

class TokenStream : public BatchSource {
 public:
  /// Throws UsageError where batch or length is below 1, DataError on fewer than two tokens.
  TokenStream(std::vector<std::int32_t> tokens, std::int64_t batch, std::int64_t length);

  std::int64_t batch() const { return shapes_[0].batch; }
  std::int64_t length() const { return shapes_[0].length; }
  std::int64_t tokens() const { return static_cast<std::int64_t>(tokens_.size()); }
  /// The predictions of one pass: tokens() - 1.
  std::int64_t predictions() const { return tokens() - 1; }

  const std::vector<BatchShape>& shapes() const override { return shapes_; }
  std::int64_t batches() const override;
  void fill(std::int64_t position, Batch& batch) const override;

 private:
  std::vector<std::int32_t> tokens_;
  std::vector<BatchShape> shapes_;
};

}  // namespace abax::data
