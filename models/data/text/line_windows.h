// Lines of a text, each on its own: for the log-probability of every line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/data/batch.h"
#include "models/data/text/tokenizer.h"

namespace abax::data {

/// Batches of one window: "tokens" and "targets" [length, 1], "keep" 0 where a line begins. A line
/// is read after a line feed and predicted with its own, so that the sum over a text's lines is the
/// text's, were nothing carried from line to line.
class LineWindows : public BatchSource {
 public:
  /// Throws DataError on no lines, naming the line where one cannot be encoded.
  LineWindows(const std::vector<std::string>& lines, const Tokenizer& tokenizer,
              std::int64_t length);

  const std::vector<BatchShape>& shapes() const override { return shapes_; }
  std::int64_t batches() const override { return static_cast<std::int64_t>(windows_.size()); }
  void fill(std::int64_t position, Batch& batch) const override;
  /// The line of each batch.
  std::vector<std::size_t> line_of_batch() const;

 private:
  struct Window {
    std::size_t line = 0, start = 0;
  };
  std::vector<std::vector<std::int32_t>> lines_;  // a line feed, the line, a line feed
  std::vector<Window> windows_;
  std::vector<BatchShape> shapes_;
};

}  // namespace abax::data
