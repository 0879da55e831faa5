// Words: where a text is cut into them, and how they are joined again.
//
//     split_words("Straße.", /*punctuation=*/true, visit);  // "Straße", "."
//     WordJoiner joiner(/*punctuation=*/true);
//     joiner.next("Straße") + joiner.next(".");            // "Straße."
#pragma once

#include <string>
#include <string_view>

#include "core/base/function_ref.h"

namespace abax::data {

/// Stands for a line feed among words, as is usual for Penn Treebank and WikiText.
inline constexpr std::string_view end_of_line = "<eos>";

/// Visits what stands between white space, in order, and end_of_line for each line feed.
/// `punctuation`: each character of punctuation is a word of its own, save inside of words
/// (apostrophe, hyphen and & between letters: "don't") and of numbers (. , : between digits:
/// "3.5"). Throws DataError with the byte offset where the text is not UTF-8.
void split_words(std::string_view text, bool punctuation,
                 FunctionRef<void(std::string_view word)> visit);

/// The line with one space where there was white space, and none at its ends.
std::string single_spaced(std::string_view line);

/// Text of words, one by one. `punctuation`: as it is written, with no space before . , ; : ! ? and
/// what closes, nor after what opens; a straight quote opens and closes in turn. Else one space
/// between two words. A line starts without a space.
class WordJoiner {
 public:
  explicit WordJoiner(bool punctuation = false) : punctuation_(punctuation) {}
  /// What the word adds to the text.
  std::string next(std::string_view word);

 private:
  bool punctuation_;
  bool glued_ = true;  // no space goes before the next word
  bool quoted_ = false, single_quoted_ = false;
};

}  // namespace abax::data
