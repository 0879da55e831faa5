// UTF-8: every code point, every kind of invalid sequence, pieces cut anywhere.
#include "models/data/text/utf8.h"

#include <doctest/doctest.h>

namespace abax::data {
namespace {

/// By the definition, not by the code under test.
std::string encoded(char32_t c) {
  const auto byte = [](char32_t value) {
    return static_cast<char>(static_cast<unsigned char>(value));
  };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 + c / 64), byte(0x80 + c % 64)};
  if (c < 0x10000) return {byte(0xE0 + c / 4096), byte(0x80 + c / 64 % 64), byte(0x80 + c % 64)};
  return {byte(0xF0 + c / 262144), byte(0x80 + c / 4096 % 64), byte(0x80 + c / 64 % 64),
          byte(0x80 + c % 64)};
}

}  // namespace

TEST_CASE("utf8: every code point, and no surrogate") {
  int wrong = 0;
  for (char32_t c = 0; c < 0x120000; ++c) {
    const std::string bytes = encoded(c);
    const bool valid = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
    if (utf8_length(bytes) != (valid ? bytes.size() : 0)) ++wrong;
    if (valid && code_point(bytes) != c) ++wrong;
    if (valid && utf8_length(bytes.substr(0, bytes.size() - 1)) != 0) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("utf8: the offset of the first invalid byte") {
  CHECK(find_invalid_utf8("") == std::string::npos);
  CHECK(find_invalid_utf8("aé漢😀") == std::string::npos);
  CHECK(find_invalid_utf8("aé\xff") == 3);
  CHECK(find_invalid_utf8("ab\x80") == 2);
  CHECK(find_invalid_utf8("ab\xe6\xbc") == 2);         // cut off
  CHECK(find_invalid_utf8("\xc0\xaf") == 0);           // overlong
  CHECK(find_invalid_utf8("\xe0\x80\xaf") == 0);       // overlong
  CHECK(find_invalid_utf8("x\xf0\x8f\xbf\xbf") == 1);  // overlong
  CHECK(find_invalid_utf8("\xf4\x90\x80\x80") == 0);   // beyond U+10FFFF
  CHECK(find_invalid_utf8("\xed\xa0\x80") == 0);       // surrogate
  CHECK(find_invalid_utf8(std::string_view("\0a", 2)) == std::string::npos);
}

TEST_CASE("utf8: joining pieces gives the text, however it was cut") {
  const std::string text = "aé漢😀\0z";
  for (std::size_t first = 0; first <= text.size(); ++first)
    for (std::size_t second = first; second <= text.size(); ++second) {
      Utf8Joiner joiner;
      std::string result;
      for (const auto& piece :
           {text.substr(0, first), text.substr(first, second - first), text.substr(second)}) {
        result += joiner.push(piece);
        CHECK(find_invalid_utf8(result) == std::string::npos);
      }
      CHECK(result + joiner.finish() == text);
    }
}

TEST_CASE("utf8: what can never become valid is replaced") {
  const auto joined = [](std::string_view bytes) {
    Utf8Joiner whole, single;
    std::string result;
    for (const char byte : bytes) result += single.push({&byte, 1});
    result += single.finish();
    std::string at_once = whole.push(bytes);
    at_once += whole.finish();
    CHECK(result == at_once);
    return result;
  };
  CHECK(joined("a\xff"
               "b") == "a\uFFFDb");
  CHECK(joined("\xc3") == "\uFFFD");
  CHECK(joined("\xe6\xbc"
               "b") == "\uFFFDb");
  CHECK(joined("\xf0\x9f\x98") == "\uFFFD");
  CHECK(joined("\xc3\xc3\xa9") == "\uFFFDé");
  CHECK(joined("\xed\xa0\x80") == "\uFFFD\uFFFD\uFFFD");  // the table of Unicode 15, section 3.9
}

}  // namespace abax::data
