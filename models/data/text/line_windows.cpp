// Cutting lines into windows.
#include "models/data/text/line_windows.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax::data {

LineWindows::LineWindows(const std::vector<std::string>& lines, const Tokenizer& tokenizer,
                         std::int64_t length)
    : shapes_{{.batch = 1, .length = length}} {
  if (lines.empty()) throw DataError("expected at least one line");
  for (std::size_t line = 0; line < lines.size(); ++line) {
    try {
      lines_.push_back(tokenizer.encode("\n" + lines[line] + "\n"));
    } catch (const DataError& error) {
      throw DataError(str_cat("line ", line + 1, ": ", error.what()));
    }
    for (std::size_t start = 0; start + 1 < lines_.back().size();
         start += static_cast<std::size_t>(length))
      windows_.push_back({line, start});
  }
}

std::vector<std::size_t> LineWindows::line_of_batch() const {
  std::vector<std::size_t> result;
  for (const Window& window : windows_) result.push_back(window.line);
  return result;
}

void LineWindows::fill(std::int64_t position, Batch& result) const {
  if (position < 0) throw UsageError(str_cat("a position is at least 0, not ", position));
  const Window& window = windows_[static_cast<std::size_t>(position % batches())];
  const std::vector<std::int32_t>& line = lines_[window.line];
  const auto length = static_cast<std::size_t>(shapes_[0].length);
  const TensorType type{{shapes_[0].length, 1}, i32};
  const auto tokens = result.prepare("tokens", type).as<std::int32_t>();    // [time, 1]
  const auto targets = result.prepare("targets", type).as<std::int32_t>();  // [time, 1]
  result.prepare("keep", {Shape{}, f32}).as<float>()[0] = window.start == 0 ? 0.f : 1.f;
  std::ranges::fill(tokens, 0);
  std::ranges::fill(targets, -1);
  result.shape = 0;
  result.position = position;
  const std::size_t count = std::min(length, line.size() - 1 - window.start);
  result.counted = static_cast<std::int64_t>(count);
  for (std::size_t i = 0; i < count; ++i) {
    tokens[i] = line[window.start + i];
    targets[i] = line[window.start + i + 1];
  }
}

}  // namespace abax::data
