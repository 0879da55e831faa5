// Subword tokenisers: what they give back, determinism, limits, the model as text.
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

#include "core/base/error.h"
#include "models/data/corpora/corpus.h"
#include "models/data/text/tokenizer.h"

namespace abax::data {
namespace {

using doctest::Contains;
using Tokens = std::vector<std::int32_t>;

const std::string& fable_text() {
  static const std::string text = make_corpus(fables(), 1, 40'000, 0, 0).train;
  return text;
}

const Tokenizer& fable_subwords() {
  static const Tokenizer tokenizer = Tokenizer::subwords(fable_text(), 200);
  return tokenizer;
}

}  // namespace

TEST_CASE("subwords: the text comes back, with fewer tokens the larger the vocabulary") {
  const Tokenizer& tokenizer = fable_subwords();
  CHECK(tokenizer.vocabulary() == 200);
  CHECK(tokenizer.piece(0) == "<unk>");
  CHECK(tokenizer.piece(1) == "<eos>");
  const Tokens tokens = tokenizer.encode(fable_text());
  CHECK(tokenizer.decode(tokens) == fable_text());
  CHECK(tokens.size() < fable_text().size() / 2);
  CHECK(Tokenizer::subwords(fable_text(), 60).encode(fable_text()).size() > tokens.size());
  CHECK(tokenizer.encode("").empty());
  CHECK(tokenizer.encode("\n") == Tokens{1});
  CHECK(tokenizer.decode(tokenizer.encode("  the \t fox\u00A0sees \n\n a bear ")) ==
        "the fox sees\n\na bear");
  CHECK(tokenizer.decode(tokenizer.encode("the <eos> fox")).find('\n') == std::string::npos);
  CHECK(tokenizer.decode(tokenizer.encode("the 漢 fox")) == "the \uFFFD fox");
  CHECK_THROWS_WITH_AS(tokenizer.encode("the\nfox\xff"), Contains("not UTF-8 at byte 7"),
                       DataError);
}

TEST_CASE("subwords: the same text gives the same model, which is kept as text") {
  const Tokenizer& tokenizer = fable_subwords();
  const std::string kept = tokenizer.to_text();
  CHECK(Tokenizer::subwords(fable_text(), 200).to_text() == kept);
  CHECK(kept.starts_with(R"({"tokenizer":"subwords","vocabulary":200})"));
  const Tokenizer back = Tokenizer::from_text(kept);
  CHECK(back.kind() == TokenKind::subwords);
  CHECK(back.to_text() == kept);
  CHECK(back.encode(fable_text()) == tokenizer.encode(fable_text()));
  const std::string header = kept.substr(0, kept.find('\n') + 1);
  for (const std::string& broken :
       {header, header + "\"\"\n", header + "\"AAAA\"\n", header + "\"A\"\n",
        kept.substr(0, kept.size() / 2) + "\"\n", kept + "\"AAAA\"\n",
        "{\"tokenizer\":\"subwords\",\"vocabulary\":201}" + kept.substr(header.size() - 1)})
    CHECK_THROWS_AS(Tokenizer::from_text(broken), DataError);
}

TEST_CASE("subwords: token by token gives the same text") {
  const Tokenizer& tokenizer = fable_subwords();
  std::mt19937 random(3);
  for (int round = 0; round < 100; ++round) {
    Tokens tokens;
    for (int i = 0; i < 20; ++i) tokens.push_back(static_cast<std::int32_t>(random() % 200));
    TokenDecoder decoder(tokenizer);
    std::string result;
    for (const std::int32_t token : tokens) result += decoder.next(token);
    CHECK(result + decoder.finish() == tokenizer.decode(tokens));
    CHECK(result.find("\u2581") == std::string::npos);
  }
}

TEST_CASE("subwords: small letters, one model for two languages") {
  const Tokenizer both = Tokenizer::make(TokenKind::subwords, "Ein HUND\nA dog\nEIN hund\na DOG\n",
                                         0, {.lower_case = true});
  CHECK(both.vocabulary() < 40);  // no more than there are pairs to merge
  CHECK(both.decode(both.encode("EIN dog")) == "ein dog");
  CHECK(both.encode("ein").size() == 1);
  CHECK(Tokenizer::from_text(both.to_text()).rules().lower_case);
}

TEST_CASE("subwords: words of any length") {
  const std::string text = [] {
    std::string all;
    for (int i = 0; i < 70'000; ++i) all += i % 3 == 0 ? "漢" : "字";
    return all;
  }();
  const Tokenizer tokenizer = Tokenizer::subwords(text, 30);
  CHECK(tokenizer.decode(tokenizer.encode(text)) == text);
}

TEST_CASE("subwords: texts and sizes that are refused") {
  CHECK_THROWS_WITH_AS(Tokenizer::subwords(" \n\n", 100), Contains("holds no subwords"), DataError);
  CHECK_THROWS_AS(Tokenizer::subwords("", 100), DataError);
  CHECK_THROWS_WITH_AS(Tokenizer::subwords(fable_text(), 20),
                       Contains("no vocabulary of 20 subwords can be made"), UsageError);
  CHECK_THROWS_AS(Tokenizer::subwords("abc", -1), UsageError);
  CHECK_THROWS_AS(Tokenizer::subwords("abc\xff", 100), DataError);
}

}  // namespace abax::data
