// The built-in corpus: what its text looks like, its entropy, independence of its parts.
#include "models/data/corpora/corpus.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/base/error.h"

namespace abax::data {

using doctest::Approx;

TEST_CASE("corpus: sampled text costs what the source's entropy says") {
  const TextSource& source = fables();
  const Corpus corpus = make_corpus(source, 1, 0, 400'000, 0);
  for (const TokenKind kind : {TokenKind::characters, TokenKind::words}) {
    const double rate = source.entropy_rate(kind);
    CHECK(source.loss(corpus.valid, kind) == Approx(rate).epsilon(0.01));
    CHECK(rate > (kind == TokenKind::words ? 1.5 : 0.3));
    CHECK(rate < (kind == TokenKind::words ? 3.0 : 0.6));
  }
  const auto lines = std::ranges::count(corpus.valid, '\n');
  CHECK(static_cast<double>(corpus.valid.size()) / static_cast<double>(lines) ==
        Approx(source.sentence_characters()).epsilon(0.02));
  const auto words = static_cast<double>(Tokenizer::words("x").encode(corpus.valid).size());
  CHECK(words / static_cast<double>(lines) == Approx(source.sentence_words()).epsilon(0.02));
}

TEST_CASE("corpus: the text is plain and has known sentences") {
  const Corpus corpus = make_corpus(fables(), 1, 100'000, 0, 0);
  CHECK(corpus.valid.empty());
  CHECK(corpus.train.size() >= 100'000);
  CHECK(corpus.train.size() < 101'000);
  for (const char c : corpus.train)
    CHECK_MESSAGE((std::isalpha(static_cast<unsigned char>(c)) || c == ' ' || c == '\n' ||
                   c == '.' || c == ','),
                  c);
  CHECK(corpus.train.find("  ") == std::string::npos);
  CHECK(corpus.train.find(" a a") == std::string::npos);
  CHECK(Tokenizer::characters(corpus.train).vocabulary() < 45);
  CHECK(Tokenizer::words(corpus.train).vocabulary() < 300);
  for (const char* sentence : {"The fox sleeps.\n", "Two cats see the moon.\n",
                               "The fox that follows the girls sings in the garden.\n",
                               "At dawn, a girl dances because it is spring.\n"})
    CHECK_NOTHROW(fables().nats(sentence));
  CHECK_THROWS_AS(fables().nats("The fox that follows the girls sing in the garden.\n"), DataError);
}

TEST_CASE("corpus: seeded, and its parts do not depend on each other") {
  const Corpus a = make_corpus(fables(), 1, 1000, 500, 200);
  const Corpus b = make_corpus(fables(), 1, 5000, 500, 0);
  const Corpus c = make_corpus(fables(), 2, 1000, 500, 200);
  CHECK(b.train.starts_with(a.train));
  CHECK(a.valid == b.valid);
  CHECK(a.train != c.train);
  CHECK(a.train.substr(0, 200) != a.valid.substr(0, 200));
}

TEST_CASE("corpus: random text uses 64 symbols evenly") {
  const std::string text = random_text(1, 64'000);
  CHECK(text.size() == 64'000);
  CHECK(text != random_text(2, 64'000));
  CHECK(text == random_text(1, 64'000));
  std::map<char, int> counts;
  for (const char c : text) ++counts[c];
  CHECK(counts.size() == 64);
  double chi_square = 0;
  for (const auto& entry : counts) chi_square += std::pow(entry.second - 1000, 2) / 1000.0;
  CHECK(chi_square < 63 + 6 * std::sqrt(2 * 63));
}

TEST_CASE("corpus: periodic text") {
  CHECK(periodic_text("abc", 8) == "abcabcab");
  CHECK(periodic_text("abc", 0).empty());
  CHECK_THROWS_AS(periodic_text("", 1), UsageError);
}

}  // namespace abax::data
