// Reading one file a class.
#include "models/data/text/labelled_text.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/text/text.h"

namespace abax::data {
namespace {

std::string class_name(std::filesystem::path file) {
  if (file.extension() == ".gz") file.replace_extension();
  return file.stem().string();
}

}  // namespace

LabelledText read_labelled_text(const std::vector<std::filesystem::path>& files) {
  if (files.size() < 2)
    throw UsageError(
        str_cat("labelled text needs one file a class, at least two; got ", files.size()));
  return read_sentences(files);
}

LabelledText read_sentences(const std::vector<std::filesystem::path>& files) {
  if (files.empty()) throw UsageError("expected a file of sentences, got none");
  LabelledText result;
  for (const std::filesystem::path& file : files) {
    const std::string name = class_name(file);
    if (std::ranges::find(result.classes, name) != result.classes.end())
      throw DataError(str_cat("two classes are called '", name, "', the second from '",
                              file.string(), "'; rename one of the files"));
    const auto label = static_cast<std::int32_t>(result.classes.size());
    result.classes.push_back(name);
    result.files.push_back(file.string());
    const std::string all = read_text(file);
    const std::size_t before = result.size();
    std::int64_t number = 0;
    for (const std::string_view line : lines_of(all)) {
      ++number;
      if (line.find_first_not_of(" \t\v\f\r") == line.npos) continue;
      result.sentences.emplace_back(line);
      result.labels.push_back(label);
      result.lines.push_back(number);
    }
    if (result.size() == before)
      throw DataError(str_cat("'", file.string(), "' holds no sentences; each line is one"));
  }
  return result;
}

void check_lists(const LabelledText& text) {
  const std::size_t count = text.size(), lines = text.lines.size();
  if (text.labels.size() != count || (lines > 0 && lines != count))
    throw UsageError(
        str_cat("a LabelledText has a label and a line for each sentence (no lines "
                "count as 1, 2, ..), got ",
                count, " sentences, ", text.labels.size(), " labels and ", lines, " lines"));
  if (!text.files.empty() && text.files.size() != text.classes.size())
    throw UsageError(str_cat("a LabelledText names a file for each class or none, got ",
                             text.files.size(), " files and ", text.classes.size(), " classes"));
  for (std::size_t i = 0; i < count; ++i)
    if (text.labels[i] < -1 || text.labels[i] >= std::ssize(text.classes))
      throw UsageError(str_cat("the label ", text.labels[i], " of sentence ", i, " is none of ",
                               text.classes.size(), " classes"));
}

LabelledText select(const LabelledText& text, std::span<const std::size_t> positions) {
  check_lists(text);
  LabelledText result{{}, {}, {}, text.classes, text.files};
  for (const std::size_t i : positions) {
    if (i >= text.size())
      throw UsageError(str_cat("there is no sentence ", i, " of ", text.size()));
    result.sentences.push_back(text.sentences[i]);
    result.labels.push_back(text.labels[i]);
    result.lines.push_back(text.line(i));
  }
  return result;
}

}  // namespace abax::data
