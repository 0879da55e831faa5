// Reading, checking and splitting plain text.
#include "models/data/text/text.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/gzip.h"
#include "models/data/text/utf8.h"

namespace abax::data {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::size_t cut_at(std::string_view text, double fraction) {
  const auto size = static_cast<double>(text.size());
  auto cut = std::min(text.size(), static_cast<std::size_t>(std::llround(size * fraction)));
  if (cut == 0 || cut == text.size()) return cut;
  const std::size_t line = text.find('\n', cut - 1);
  if (line != text.npos && line + 1 - cut <= text.size() / 10) return line + 1;
  while (cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xC0u) == 0x80u) ++cut;
  return cut;
}

}  // namespace

std::string read_text(const std::filesystem::path& path) {
  bool compressed = false;
  std::string contents = read_bytes(path, &compressed);
  if (const std::size_t offset = find_invalid_utf8(contents); offset != contents.npos) {
    const auto byte = static_cast<unsigned char>(contents[offset]);
    constexpr std::string_view digits = "0123456789abcdef";
    throw DataError(str_cat("'", path.string(), "' is not UTF-8: byte ", offset, " (0x",
                            digits[byte / 16], digits[byte % 16], ")",
                            compressed ? " of the decompressed text" : "",
                            " starts no valid character; convert it, for example with iconv"));
  }
  if (contents.starts_with(byte_order_mark)) contents.erase(0, byte_order_mark.size());
  return contents;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

TextSplit split_text(std::string_view text_to_split, double valid, double test) {
  if (!(valid >= 0) || !(test >= 0) || !(valid + test < 1))
    throw UsageError(str_cat(
        "the fractions for validation and test must be at least 0 and together less than 1, not ",
        valid, " and ", test));
  const std::size_t first = cut_at(text_to_split, 1 - valid - test);
  const std::size_t second = std::max(first, cut_at(text_to_split, 1 - test));
  return {text_to_split.substr(0, first), text_to_split.substr(first, second - first),
          text_to_split.substr(second)};
}

}  // namespace abax::data
