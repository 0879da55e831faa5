// UTF-8: checking, walking over characters, and joining pieces that end in the middle of one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace abax::data {

/// U+FFFD, which stands for what is no valid UTF-8.
inline constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// The length in bytes of the character at the start of `text`: 1 to 4, or 0 where there is no
/// whole valid one. Surrogates, overlong forms and code points beyond U+10FFFF are not valid (RFC
/// 3629).
std::size_t utf8_length(std::string_view text);

/// The offset of the first byte that is not part of a valid character, or npos.
std::size_t find_invalid_utf8(std::string_view text);

/// The character of `text` at `offset`. Throws DataError with the offset where there is none.
std::string_view character_at(std::string_view text, std::size_t offset);

/// The code point of one valid character.
char32_t code_point(std::string_view character);

/// Joins pieces of UTF-8 that may be cut anywhere: gives out whole characters, keeps the start of
/// an unfinished one, and puts U+FFFD in place of what can never become valid.
class Utf8Joiner {
 public:
  /// The characters that are whole after this piece.
  std::string push(std::string_view piece);
  /// What is left, as U+FFFD.
  std::string finish();

 private:
  std::string kept_;  // at most 3 bytes
};

}  // namespace abax::data
