// Plain text files: UTF-8 in any language, also compressed with gzip, and how a text is split.
#pragma once

#include <concepts>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace abax::data {

/// The whole text of a file, decompressed if its first bytes are gzip's. A byte order mark at the
/// start is left out; everything else stays as it is. Throws DataError: with the system's reason
/// where it cannot be read; with file and byte offset at the first byte that is not UTF-8; on
/// damaged gzip.
std::string read_text(const std::filesystem::path& path);

/// The lines of a text, without their ends ("\n" or "\r\n"); a last line needs no end. The views
/// are of `text`.
std::vector<std::string_view> lines_of(std::string_view text);
/// A text that ends with the statement has no views.
template <std::same_as<std::string> Text>
std::vector<std::string_view> lines_of(Text&& text) = delete;

struct TextSplit {
  std::string_view train, valid, test;
};

/// The last `test` of the text (a fraction of its bytes) for the test, the `valid` before it for
/// validation, the rest for training. Each cut is moved on to the next start of a line, or to the
/// next character where the text has no further line within the next tenth of it. The views are of
/// `text`. Throws UsageError on fractions that are negative or leave nothing for training.
TextSplit split_text(std::string_view text, double valid, double test);
template <std::same_as<std::string> Text>
TextSplit split_text(Text&& text, double valid, double test) = delete;

}  // namespace abax::data
