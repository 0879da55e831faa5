// Tokenisers: vocabularies, encoding, decoding all at once and token by token, as text.
#include "models/data/text/tokenizer.h"

#include <doctest/doctest.h>

#include <random>

#include "core/base/error.h"

namespace abax::data {
namespace {

using doctest::Contains;
using Tokens = std::vector<std::int32_t>;

std::vector<std::string> pieces_of(const Tokenizer& tokenizer) {
  std::vector<std::string> pieces;
  for (std::int32_t i = 0; i < tokenizer.vocabulary(); ++i) pieces.push_back(tokenizer.piece(i));
  return pieces;
}

}  // namespace

TEST_CASE("tokenizer: bytes take every text and give it back") {
  const Tokenizer bytes = Tokenizer::bytes();
  CHECK(bytes.vocabulary() == 256);
  CHECK(bytes.encode("aé\n") == Tokens{97, 0xC3, 0xA9, 10});
  CHECK(bytes.decode(bytes.encode("aé漢😀\n")) == "aé漢😀\n");
  CHECK(bytes.encode("\xff") == Tokens{255});
  CHECK(bytes.decode(Tokens{97, 255, 0xC3}) == "a\uFFFD\uFFFD");
  CHECK(bytes.encode("").empty());
  CHECK(bytes.decode({}).empty());
}

TEST_CASE("tokenizer: characters by falling count, equals in byte order") {
  const Tokenizer characters = Tokenizer::characters("baab漢漢漢é");
  CHECK(pieces_of(characters) == std::vector<std::string>{"<unk>", "漢", "a", "b", "é"});
  CHECK(characters.encode("漢x\n") == Tokens{1, 0, 0});
  CHECK(characters.decode(Tokens{2, 0, 1}) == "a\uFFFD漢");
  CHECK(pieces_of(Tokenizer::characters("baab漢漢漢é", 3)) ==
        std::vector<std::string>{"<unk>", "漢", "a"});
  const std::string text = "床前明月光\nпривет é😀\r\n";
  const Tokenizer all = Tokenizer::characters(text);
  CHECK(all.decode(all.encode(text)) == text);
  CHECK_THROWS_WITH_AS(all.encode("a\xff"), Contains("not UTF-8 at byte 1"), DataError);
}

TEST_CASE("tokenizer: words at white space, line feeds as <eos>") {
  const std::string text = " the cat \n the\tdog sat\n\n";
  const Tokenizer words = Tokenizer::words(text);
  CHECK(pieces_of(words) == std::vector<std::string>{"<unk>", "<eos>", "the", "cat", "dog", "sat"});
  CHECK(words.encode(text) == Tokens{2, 3, 1, 2, 4, 5, 1, 1});
  CHECK(words.decode(words.encode(text)) == "the cat\nthe dog sat\n\n");
  CHECK(words.encode("the <unk> cow") == Tokens{2, 0, 0});
  CHECK(words.encode("the<eos>") == Tokens{0});
  // As Python's str.split(): no-break and ideographic spaces part words, zero-width ones do not.
  CHECK(words.encode("the\u00A0cat\u3000dog\u2009\x1f sat") == Tokens{2, 3, 4, 5});
  CHECK(words.encode("the\u200Bcat") == Tokens{0});
  CHECK(pieces_of(Tokenizer::words(text, 3)) == std::vector<std::string>{"<unk>", "<eos>", "the"});
  CHECK(pieces_of(Tokenizer::words("<unk> <unk> a")) == std::vector<std::string>{"<unk>", "a"});
}

TEST_CASE("tokenizer: limits, empty texts, tokens out of range") {
  CHECK_THROWS_AS(Tokenizer::words("a", 1), UsageError);
  CHECK_THROWS_AS(Tokenizer::characters("a", -1), UsageError);
  CHECK(Tokenizer::words("a b", 2).vocabulary() == 2);
  CHECK(Tokenizer::words("a b", 100).vocabulary() == 3);
  CHECK_THROWS_WITH_AS(Tokenizer::words("  "), Contains("holds no words"), DataError);
  CHECK_THROWS_AS(Tokenizer::characters(""), DataError);
  const Tokenizer words = Tokenizer::words("a b");
  CHECK_THROWS_WITH_AS(words.decode(Tokens{3}), Contains("token 3 is outside the vocabulary of 3"),
                       UsageError);
  CHECK_THROWS_AS(words.decode(Tokens{-1}), UsageError);
  CHECK(token_kind("words") == TokenKind::words);
  CHECK(name_of(TokenKind::characters) == "characters");
  CHECK_THROWS_AS(token_kind("word"), UsageError);
}

TEST_CASE("tokenizer: token by token gives the same text, valid at each moment") {
  std::mt19937 random(3);
  const std::string text = "床 前 é 😀\nthe cat\n\n sat";
  for (const TokenKind kind : {TokenKind::bytes, TokenKind::characters, TokenKind::words}) {
    const Tokenizer tokenizer = Tokenizer::make(kind, text);
    for (int round = 0; round < 200; ++round) {
      Tokens tokens;
      for (int i = 0; i < 20; ++i)
        tokens.push_back(
            static_cast<std::int32_t>(random() % static_cast<unsigned>(tokenizer.vocabulary())));
      TokenDecoder decoder(tokenizer);
      std::string result;
      for (const std::int32_t token : tokens) {
        const std::string piece = decoder.next(token);
        CHECK(find_invalid_utf8(piece) == std::string::npos);
        result += piece;
      }
      CHECK(result + decoder.finish() == tokenizer.decode(tokens));
    }
  }
}

TEST_CASE("tokenizer: rules are applied to the vocabulary and to what is encoded") {
  const std::string text = "Die Straße. Die ÄPFEL, die \"Straße\".\n";
  const Tokenizer words =
      Tokenizer::make(TokenKind::words, text, 0, {.lower_case = true, .split_punctuation = true});
  CHECK(pieces_of(words) ==
        std::vector<std::string>{"<unk>", "die", "\"", ".", "straße", ",", "<eos>", "äpfel"});
  CHECK(words.decode(words.encode(text)) == "die straße. die äpfel, die \"straße\".\n");
  CHECK(words.encode("DIE,die.") == Tokens{1, 5, 1, 3});
  const Tokenizer characters =
      Tokenizer::make(TokenKind::characters, "aÄA", 0, {.lower_case = true});
  CHECK(characters.encode("AäÖ") == Tokens{1, 2, 0});
  CHECK_THROWS_WITH_AS(Tokenizer::make(TokenKind::bytes, text, 0, {.lower_case = true}),
                       Contains("cannot be made lower case"), UsageError);
  CHECK_THROWS_WITH_AS(Tokenizer::make(TokenKind::subwords, text, 0, {.split_punctuation = true}),
                       Contains("not from subwords"), UsageError);
  for (const Tokenizer* tokenizer : {&words, &characters}) {
    const Tokenizer back = Tokenizer::from_text(tokenizer->to_text());
    CHECK(back.rules() == tokenizer->rules());
    CHECK(back.to_text() == tokenizer->to_text());
    CHECK(back.encode(text) == tokenizer->encode(text));
    CHECK(back.decode(back.encode(text)) == tokenizer->decode(tokenizer->encode(text)));
  }
  CHECK(words.to_text().starts_with(
      R"({"tokenizer":"words","vocabulary":8,"lower_case":true,"split_punctuation":true})"));
}

TEST_CASE("tokenizer: as text and back") {
  const std::string text = "a \"quoted\\\" 漢\u2028 b\x01\n\t c";
  for (const TokenKind kind : {TokenKind::bytes, TokenKind::characters, TokenKind::words}) {
    const Tokenizer tokenizer = Tokenizer::make(kind, text);
    const Tokenizer back = Tokenizer::from_text(tokenizer.to_text());
    CHECK(back.kind() == kind);
    CHECK(pieces_of(back) == pieces_of(tokenizer));
    CHECK(back.to_text() == tokenizer.to_text());
    CHECK(back.encode(text) == tokenizer.encode(text));
  }
  CHECK(Tokenizer::words("b a b").to_text() ==
        "{\"tokenizer\":\"words\",\"vocabulary\":3}\n\"<unk>\"\n\"b\"\n\"a\"\n");
  const std::string header = "{\"tokenizer\":\"words\",\"vocabulary\":2}\n";
  for (const std::string& broken :
       {std::string(), std::string("x"), std::string("{}"), header, header + "\"<unk>\"\n",
        header + "\"a\"\n\"<unk>\"\n", header + "\"<unk>\"\n\"a b\"\n",
        header + "\"<unk>\"\n\"\"\n", header + "\"<unk>\"\n\"\\n\"\n",
        header + "\"<unk>\"\n\"<unk>\"\n", header + "\"<unk>\"\n1\n",
        header + "\"<unk>\"\n\"a\"\n\"b\"\n",
        std::string("{\"tokenizer\":\"wrds\",\"vocabulary\":2}"),
        std::string("{\"tokenizer\":\"bytes\",\"vocabulary\":255}\n"),
        std::string("{\"tokenizer\":\"bytes\",\"vocabulary\":256,\"lower_case\":true}\n"),
        std::string("{\"tokenizer\":\"words\",\"vocabulary\":2,\"split_punctuation\":true}\n"
                    "\"<unk>\"\n\"a.\"\n"),
        std::string("{\"tokenizer\":\"bytes\",\"vocabulary\":1}\n\"<unk>\"\n"),
        std::string("{\"tokenizer\":\"characters\",\"vocabulary\":2}\n\"<unk>\"\n\"ab\"\n")}) {
    CAPTURE(broken);
    CHECK_THROWS_AS(Tokenizer::from_text(broken), DataError);
  }
}

}  // namespace abax::data
