// Case, white space and punctuation of characters, against values from Python's str and
// unicodedata.
#include "models/data/text/unicode.h"

#include <doctest/doctest.h>

#include <cstdint>

#include "core/base/error.h"
#include "models/data/text/utf8.h"

namespace abax::data {

TEST_CASE("unicode: small letters of Latin, Greek and Cyrillic") {
  CHECK(lower_case("AZ az 09 @[`{") == "az az 09 @[`{");
  CHECK(lower_case("ÄÖÜ ẞß ÀÞ×ß÷ÿŸ ŁŃŽ ĲŒ İI ŉ ĸ") == "äöü ßß àþ×ß÷ÿÿ łńž ĳœ ii ŉ ĸ");
  CHECK(lower_case("ΑΩ ΆΈΌΎΏ Ϊ ς ϴ") == "αω άέόύώ ϊ ς θ");
  CHECK(lower_case("АЯ ЀЁЏ ҐӀӁԮ №") == "ая ѐёџ ґӏӂԯ №");
  CHECK(lower_case("漢字 😀 ＡＢ ℌ") == "漢字 😀 ＡＢ ℌ");  // other blocks stay as they are
  CHECK_THROWS_AS(lower_case("a\xff"), DataError);
}

TEST_CASE("unicode: as many capitals a block as Python finds, at the same places") {
  // sum(ord(chr(c).lower()[0]) != c ...), and the sum of (difference) x (place in the block).
  struct Block {
    char32_t first, last;
    int capitals;
    std::int64_t moves;
  };
  for (const Block& block :
       {Block{0x80, 0x24F, 200, 10610123}, Block{0x370, 0x3FF, 57, -11853},
        Block{0x400, 0x52F, 148, 67119}, Block{0x1E00, 0x1EFF, 124, -1195176}}) {
    int capitals = 0;
    std::int64_t moves = 0;
    for (char32_t c = block.first; c <= block.last; ++c) {
      const std::int64_t move = std::int64_t{lower_case(c)} - std::int64_t{c};
      capitals += move != 0 ? 1 : 0;
      moves += move * (std::int64_t{c} - std::int64_t{block.first} + 1);
    }
    CHECK(capitals == block.capitals);
    CHECK(moves == block.moves);
  }
}

TEST_CASE("unicode: punctuation and UTF-8") {
  for (const char32_t c : U".,;:!?\"'()[]{}<>%&@#$*+-/=^_`|~«»„“”‘’…–—€。，！")
    if (c != 0) CHECK(is_punctuation(c));
  for (const char32_t c : U"azAZ09äßªµºΩя漢 \u00A0")
    if (c != 0) CHECK_FALSE(is_punctuation(c));
  for (const char32_t c : {U'a', U'\u007F', U'\u0080', U'\u07FF', U'\u0800', U'\uFFFF',
                           U'\U00010000', U'\U0010FFFF'}) {
    std::string written;
    append_utf8(written, c);
    CHECK(utf8_length(written) == written.size());
    CHECK(code_point(written) == c);
  }
}

}  // namespace abax::data
