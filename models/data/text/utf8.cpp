// UTF-8 by the table of RFC 3629, section 4.
#include "models/data/text/utf8.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax::data {
namespace {

struct Lead {
  std::size_t length = 0;  // of the character, 0 for a byte that starts none
  unsigned char second_low = 0x80;
  unsigned char second_high = 0xBF;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1};
  if (byte < 0xC2) return {0};  // a continuation byte, or an overlong form
  if (byte < 0xE0) return {2};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};  // not overlong
  if (byte == 0xED) return {3, 0x80, 0x9F};  // no surrogate
  if (byte < 0xF0) return {3};
  if (byte == 0xF0) return {4, 0x90, 0xBF};  // not overlong
  if (byte < 0xF4) return {4};
  if (byte == 0xF4) return {4, 0x80, 0x8F};  // not beyond U+10FFFF
  return {0};
}

/// How many bytes at the start of `text` are a character, whole or cut off at the end of `text`.
std::size_t valid_prefix(std::string_view text, const Lead& lead) {
  std::size_t count = std::min<std::size_t>(lead.length, 1);
  while (count < std::min(lead.length, text.size())) {
    const auto byte = static_cast<unsigned char>(text[count]);
    const unsigned char low = count == 1 ? lead.second_low : 0x80;
    const unsigned char high = count == 1 ? lead.second_high : 0xBF;
    if (byte < low || byte > high) break;
    ++count;
  }
  return count;
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const Lead lead = lead_of(static_cast<unsigned char>(text[0]));
  return valid_prefix(text, lead) == lead.length ? lead.length : 0;
}

std::size_t find_invalid_utf8(std::string_view text) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    const std::size_t length = utf8_length(text.substr(offset));
    if (length == 0) return offset;
    offset += length;
  }
  return text.npos;
}

std::string_view character_at(std::string_view all, std::size_t offset) {
  const std::size_t length = utf8_length(all.substr(offset));
  if (length == 0) throw DataError(str_cat("the text to encode is not UTF-8 at byte ", offset));
  return all.substr(offset, length);
}

char32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0);
  // The lead byte of a character of n bytes holds 7 - n bits, each further one 6.
  char32_t result = byte(0) & (0x7Fu >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i) result = result << 6 | (byte(i) & 0x3Fu);
  return result;
}

std::string Utf8Joiner::push(std::string_view piece) {
  const std::string text = kept_ + std::string(piece);
  kept_.clear();
  std::string result;
  for (std::size_t offset = 0; offset < text.size();) {
    const std::string_view rest = std::string_view(text).substr(offset);
    const Lead lead = lead_of(static_cast<unsigned char>(rest[0]));
    const std::size_t valid = valid_prefix(rest, lead);
    if (lead.length > 0 && valid == lead.length) {
      result += rest.substr(0, valid);
    } else if (lead.length > 0 && valid == rest.size()) {
      kept_ = rest;
    } else {
      result += replacement;  // for the longest start of a character, as Unicode recommends
    }
    offset += std::max<std::size_t>(valid, 1);
  }
  return result;
}

std::string Utf8Joiner::finish() {
  const bool any = !kept_.empty();
  kept_.clear();
  return any ? std::string(replacement) : std::string();
}

}  // namespace abax::data
