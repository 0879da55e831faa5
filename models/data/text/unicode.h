// What Unicode says of a character, as far as tokenisers need it: white space, punctuation, case.
#pragma once

#include <string>
#include <string_view>

namespace abax::data {

/// White space as Python's str.isspace() sees it.
bool is_space(char32_t c);

/// Punctuation and symbols: of ASCII, Latin-1, General Punctuation, CJK and the full-width forms.
bool is_punctuation(char32_t c);

/// A decimal digit 0 to 9.
bool is_digit(char32_t c);

/// The small letter of a Latin, Greek or Cyrillic capital (U+0041 to U+052F, U+1E00 to U+1EFF);
/// every other character as it is. As Python's str.lower() for single characters, save that the
/// dotted capital I (U+0130) becomes "i" alone.
char32_t lower_case(char32_t c);

/// Valid UTF-8 with all its letters small. Independent of any locale. Throws DataError with the
/// byte offset where it is not UTF-8.
std::string lower_case(std::string_view text);

/// UTF-8 of a code point.
void append_utf8(std::string& to, char32_t c);

}  // namespace abax::data
