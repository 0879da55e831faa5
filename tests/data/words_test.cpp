// Words: parted from punctuation, and joined as they were written.
#include "models/data/text/words.h"

#include <doctest/doctest.h>

#include <vector>

#include "core/base/error.h"

namespace abax::data {
namespace {

using Strings = std::vector<std::string>;

Strings words_of(std::string_view text, bool punctuation = true) {
  Strings words;
  split_words(text, punctuation, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

std::string rejoined(std::string_view text, bool punctuation = true) {
  WordJoiner joiner(punctuation);
  std::string result;
  for (const std::string& word : words_of(text, punctuation)) result += joiner.next(word);
  return result;
}

}  // namespace

TEST_CASE("words: punctuation is split from words, not out of them") {
  CHECK(words_of("Straße.") == Strings{"Straße", "."});
  CHECK(words_of("(\"Ja!\", sagt er...)") ==
        Strings{"(", "\"", "Ja", "!", "\"", ",", "sagt", "er", ".", ".", ".", ")"});
  CHECK(words_of("don't T-Shirt R&B l’eau") == Strings{"don't", "T-Shirt", "R&B", "l’eau"});
  CHECK(words_of("3.5 1,000 10:30 a.b c,d 3. ,5") ==
        Strings{"3.5", "1,000", "10:30", "a", ".", "b", "c", ",", "d", "3", ".", ",", "5"});
  CHECK(words_of("'tis dogs' -x y- -- a--b") ==
        Strings{"'", "tis", "dogs", "'", "-", "x", "y", "-", "-", "-", "a", "-", "-", "b"});
  CHECK(words_of("and/or „so“\n…\n") ==
        Strings{"and", "/", "or", "„", "so", "“", "<eos>", "…", "<eos>"});
  CHECK(words_of("Straße. don't", false) == Strings{"Straße.", "don't"});
  CHECK(words_of("").empty());
  CHECK(words_of(" \t").empty());
  CHECK_THROWS_AS(words_of("a.\xff"), DataError);
}

TEST_CASE("words: joined as they were written") {
  for (const char* text :
       {"Ein Mann, der schläft.", "Warum? Darum! (Ach so: \"gut\"; und „so“ auch.)",
        "two men\nand a dog.\n\n\"Yes\", she said.", "3.5 % of $1,000 don't fit and/or don’t",
        "“English” quotes [here] {there} and «là»", "a 'quoted' word", "what ...", "x - y", ""}) {
    const std::string written = text;
    CAPTURE(text);
    // White space that typography would leave out is the only loss.
    CHECK(words_of(rejoined(text)) == words_of(text));
    if (written.find(" %") == written.npos && written.find(" .") == written.npos)
      CHECK(rejoined(text) == text);
  }
  CHECK(rejoined("what ...") == "what...");
  CHECK(rejoined("a , b", false) == "a , b");
  CHECK(rejoined(" a\tb \n c", false) == "a b\nc");
  CHECK(rejoined("\"a\n\"b\"") == "\"a\n\"b\"");  // a line ends what was left open
}

TEST_CASE("words: single spaces") {
  CHECK(single_spaced(" a\t\u00A0b  c ") == "a b c");
  CHECK(single_spaced(" \t").empty());
  CHECK(single_spaced("").empty());
}

}  // namespace abax::data
