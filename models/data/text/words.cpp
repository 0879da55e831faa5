// Splitting and joining words.
#include "models/data/text/words.h"

#include <algorithm>
#include <array>

#include "models/data/text/unicode.h"
#include "models/data/text/utf8.h"

namespace abax::data {
namespace {

using Visit = FunctionRef<void(std::string_view)>;

/// Whether punctuation stays in its word between these neighbours.
bool stays_inside(char32_t before, char32_t c, char32_t after) {
  if (c == '.' || c == ',' || c == ':') return is_digit(before) && is_digit(after);
  const bool joins =
      c == '\'' || c == U'\u2019' || c == '-' || c == U'\u2010' || c == U'\u2011' || c == '&';
  return joins && !is_punctuation(before) && !is_punctuation(after);
}

/// Parts a word from its punctuation.
void split_punctuation(std::string_view word, Visit visit) {
  std::size_t start = 0;
  char32_t before = '.';  // the edge of the word counts as punctuation
  for (std::size_t offset = 0; offset < word.size();) {
    const std::string_view character = character_at(word, offset);
    const char32_t c = code_point(character);
    const std::size_t end = offset + character.size();
    const char32_t after = end < word.size() ? code_point(character_at(word, end)) : U'.';
    if (is_punctuation(c) && !stays_inside(before, c, after)) {
      if (offset > start) visit(word.substr(start, offset - start));
      visit(character);
      start = end;
    }
    before = c;
    offset = end;
  }
  if (word.size() > start) visit(word.substr(start));
}

template <std::size_t n>
bool is_one_of(std::string_view word, const std::array<std::string_view, n>& words) {
  return std::ranges::find(words, word) != words.end();
}

constexpr std::array<std::string_view, 22> no_space_before = {
    ".",      ",",      ";",      ":",      "!",      "?",
    ")",      "]",      "}",      "%",      "\u2026",  // the last: an ellipsis
    "/",      "\u00BB", "\u201D", "\u2019", "\u3001", "\u3002",
    "\uFF0C", "\uFF01", "\uFF1F", "\uFF1A", "\uFF1B"};
constexpr std::array<std::string_view, 11> no_space_after = {
    "(", "[", "{", "/", "$", "#", "\u00AB", "\u00A1", "\u00BF", "\u201E", "\u2018"};

}  // namespace

void split_words(std::string_view all, bool punctuation, Visit visit) {
  std::size_t start = 0;  // of the word that is being read
  std::size_t offset = 0;
  const auto end_word = [&] {
    if (offset == start) return;
    const std::string_view word = all.substr(start, offset - start);
    if (punctuation)
      split_punctuation(word, visit);
    else
      visit(word);
  };
  while (offset < all.size()) {
    const std::string_view character = character_at(all, offset);
    if (is_space(code_point(character))) {
      end_word();
      if (character == "\n") visit(end_of_line);
      start = offset + character.size();
    }
    offset += character.size();
  }
  end_word();
}

std::string single_spaced(std::string_view line) {
  std::string result;
  split_words(line, false, [&](std::string_view word) {
    if (!result.empty()) result += ' ';
    result += word;
  });
  return result;
}

std::string WordJoiner::next(std::string_view word) {
  if (word == end_of_line) {
    glued_ = true;
    quoted_ = single_quoted_ = false;
    return "\n";
  }
  bool before = glued_;
  bool after = false;
  if (punctuation_) {
    before = before || is_one_of(word, no_space_before);
    after = is_one_of(word, no_space_after);
    // Left and right quotes differ between languages: English closes what opened with U+201C,
    // German opens with U+201E and closes with U+201C.
    bool* const quote = word == "\"" || word == "\u201C" || word == "\u201D" || word == "\u201E"
                            ? &quoted_
                        : word == "'" ? &single_quoted_
                                      : nullptr;
    if (quote != nullptr) {
      before = before || *quote;
      after = !*quote;
      *quote = !*quote;
    }
  }
  glued_ = after;
  std::string result(before ? "" : " ");
  return result += word;
}

}  // namespace abax::data
