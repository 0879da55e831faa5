// Sentences, a sentence a line: one file a class, whose number is their label.
//
//     LabelledText text = read_labelled_text({"negative.txt", "positive.txt.gz"});
//     text.classes[1];     // "positive", whose sentences have the label 1
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace abax::data {

struct LabelledText {
  std::vector<std::string> sentences;
  std::vector<std::int32_t> labels;  // of each sentence, from 0; -1 where it has none
  std::vector<std::int64_t> lines;   // of each, in its class's file, from 1; empty: 1, 2, ..
  std::vector<std::string> classes;  // names, by label
  std::vector<std::string> files;    // of the classes, for messages; may be empty

  std::size_t size() const { return sentences.size(); }
  /// The line of a sentence.
  std::int64_t line(std::size_t sentence) const {
    return lines.empty() ? static_cast<std::int64_t>(sentence) + 1 : lines.at(sentence);
  }
};

/// A label is its file's position in the list, a class's name its file's without ".gz" and what is
/// then behind the last dot. Lines of white space alone are left out. Reads as read_text() does.
/// Throws UsageError on fewer than two files, DataError on a file without sentences and on equal
/// names.
LabelledText read_labelled_text(const std::vector<std::filesystem::path>& files);
/// The same of one file or more: sentences, whose labels say nothing where all are in one file.
/// Throws UsageError on no files, DataError as above.
LabelledText read_sentences(const std::vector<std::filesystem::path>& files);

/// Throws UsageError, saying what, where the lists are not equally long or a label is neither -1
/// nor one of the classes'.
void check_lists(const LabelledText& text);

/// The sentences at these positions; the classes stay as they are. Throws UsageError on one that
/// there is not, and as check_lists() does.
LabelledText select(const LabelledText& text, std::span<const std::size_t> positions);

}  // namespace abax::data
