// Batches of contiguous text: the tokens are cut into parallel streams, so that a recurrent model's
// state at the end of one batch is the right one for the next.
//
//     TokenStream stream(tokens, /*batch=*/20, /*length=*/35);
//     Batch batch = stream.make(0);        // tokens and targets, [35, 20]
//
// n tokens hold n - 1 predictions (of each token but the first, from those before it). They are
// dealt to the streams in contiguous pieces whose sizes differ by at most one, the longer ones
// first; each stream is read in windows of `length`. A pass counts every prediction exactly once:
// where a stream has ended, tokens are 0 and targets are -1.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/tensor.h"

namespace abax::data {

struct Batch {
  Tensor tokens;              // [time, batch] i32
  Tensor targets;             // [time, batch] i32, -1 is not counted
  bool stream_start = false;  // the first window of a pass: carried state starts anew
  std::int64_t position = 0;  // windows before it, over all passes
  std::int64_t counted = 0;   // targets that are not -1
};

class TokenStream {
 public:
  /// Throws UsageError where batch or length is below 1, DataError on fewer than two tokens.
  TokenStream(std::vector<std::int32_t> tokens, std::int64_t batch, std::int64_t length);

  std::int64_t batch() const { return batch_; }
  std::int64_t length() const { return length_; }
  std::int64_t tokens() const { return static_cast<std::int64_t>(tokens_.size()); }
  /// The predictions of one pass: tokens() - 1.
  std::int64_t predictions() const { return tokens() - 1; }
  /// The batches of one pass; the window of position p is p % windows(), its pass p / windows().
  std::int64_t windows() const;

  Batch make(std::int64_t position) const;
  /// The same into a batch that make() gave: allocates nothing.
  void fill(std::int64_t position, Batch& batch) const;

 private:
  std::vector<std::int32_t> tokens_;
  std::int64_t batch_;
  std::int64_t length_;
};

}  // namespace abax::data
