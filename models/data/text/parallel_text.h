// Pairs of sentences: two files, line by line.
//
//     ParallelText text = read_parallel_text("train.en.gz", "train.de.gz");
//     text.source[4];      // the fifth line of train.en.gz, translated in text.target[4]
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace abax::data {

struct ParallelText {
  std::vector<std::string> source, target;  // equally many
  std::vector<std::int64_t> lines;          // of each pair, in its files, from 1; empty: 1, 2, ..
  std::string source_name, target_name;     // of the files, for messages

  std::size_t size() const { return source.size(); }
  /// The line of a pair.
  std::int64_t line(std::size_t pair) const {
    return lines.empty() ? static_cast<std::int64_t>(pair) + 1 : lines.at(pair);
  }
};

/// Reads both files as read_text() does, gzip included; empty lines are kept. Throws DataError
/// where the files differ in their number of lines (it names both numbers), or hold none.
ParallelText read_parallel_text(const std::filesystem::path& source,
                                const std::filesystem::path& target);

/// Throws UsageError, naming the numbers, where the lists are not equally long.
void check_lists(const ParallelText& text);

/// The pairs at these positions. Throws UsageError on one that there is not, and on lists that are
/// not equally long.
ParallelText select(const ParallelText& text, std::span<const std::size_t> positions);

}  // namespace abax::data
