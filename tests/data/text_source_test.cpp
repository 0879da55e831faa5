// Sources of text: entropy against enumeration and hand calculation, character probabilities
// against brute force, refusals.
#include "models/data/corpora/text_source.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax::data {
namespace {

using doctest::Approx;
using doctest::Contains;

/// Every sentence of a finite grammar with its probability, by plain recursion over the rules.
std::map<std::string, double> sentences_of(const std::vector<Rule>& rules) {
  std::map<std::string, double> result;
  const std::function<void(std::string, std::string, double)> derive =
      [&](std::string done, std::string rest, double p) {
        if (rest.empty()) {
          done[0] = static_cast<char>(std::toupper(done[0]));
          result[done + "\n"] += p;
          return;
        }
        const std::size_t space = rest.find(' ');
        const std::string symbol = rest.substr(0, space);
        const std::string after = space == rest.npos ? "" : rest.substr(space + 1);
        if (symbol[0] != '<') {
          const bool glued = done.empty() || symbol.find_first_of(",.!?") == 0;
          derive(done + (glued ? "" : " ") + symbol, after, p);
          return;
        }
        for (const Rule& rule : rules) {
          if (symbol != str_cat("<", rule.name, ">")) continue;
          double sum = 0;
          for (const auto& alternative : rule.alternatives) sum += alternative.weight;
          for (const auto& alternative : rule.alternatives) {
            const std::string body(alternative.body);
            const bool join = !body.empty() && !after.empty();
            derive(done, body + (join ? " " : "") + after, p * alternative.weight / sum);
          }
        }
      };
  derive("", str_cat("<", rules[0].name, ">"), 1);
  return result;
}

/// Words that are prefixes of others, an empty body, shared beginnings.
const std::vector<Rule> animals = {
    {"sentence", {{3, "the <animal> <ending>"}, {1, "there is <what> <ending>"}, {0.5, "they ?"}}},
    {"animal", {{4, "cat <can>"}, {2, "cats <can>"}, {1, "cattle <can>"}, {1, "dog"}}},
    {"can", {{5, ""}, {2, "can see"}, {1, "cannot"}}},
    {"what", {{1, "a"}, {2, "an animal"}, {3, "any"}}},
    {"ending", {{2, "."}, {1, ", they say !"}}},
};

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace

TEST_CASE("text source: the probabilities of all sentences add to 1, and each is right") {
  const TextSource source(animals);
  const auto sentences = sentences_of(animals);
  CHECK(sentences.size() == 27);
  double total = 0, entropy = 0, characters = 0, words = 0;
  const Tokenizer counter = Tokenizer::words("x");
  for (const auto& entry : sentences) {
    const auto& [sentence, p] = entry;
    CAPTURE(entry.first);
    const double nats = sum(source.nats(sentence));
    CHECK(std::exp(-nats) == Approx(p).epsilon(1e-12));
    total += std::exp(-nats);
    entropy -= p * std::log(p);
    characters += p * static_cast<double>(sentence.size());
    words += p * static_cast<double>(counter.encode(sentence).size());
  }
  CHECK(total == Approx(1).epsilon(1e-12));
  CHECK(source.sentence_entropy() == Approx(entropy).epsilon(1e-12));
  CHECK(source.sentence_characters() == Approx(characters).epsilon(1e-12));
  CHECK(source.sentence_words() == Approx(words).epsilon(1e-12));
  CHECK(source.entropy_rate(TokenKind::characters) == Approx(entropy / characters));
  CHECK(source.entropy_rate(TokenKind::bytes) == source.entropy_rate(TokenKind::characters));
  CHECK(source.entropy_rate(TokenKind::words) == Approx(entropy / words));
}

TEST_CASE("text source: each character's probability is that of brute force") {
  const TextSource source(animals);
  const auto sentences = sentences_of(animals);
  const auto prefix_probability = [&](const std::string& prefix) {
    double total = 0;
    for (const auto& [sentence, p] : sentences)
      if (sentence.starts_with(prefix)) total += p;
    return total;
  };
  for (const auto& entry : sentences) {
    const std::string& sentence = entry.first;
    CAPTURE(sentence);
    const std::string text = "They?\n" + sentence;  // sentences do not depend on each other
    const std::vector<double> nats = source.nats(text);
    REQUIRE(nats.size() == text.size());
    for (std::size_t i = 0; i < sentence.size(); ++i) {
      const double p =
          prefix_probability(sentence.substr(0, i + 1)) / prefix_probability(sentence.substr(0, i));
      CHECK(std::exp(-nats[i + 6]) == Approx(p).epsilon(1e-12));
    }
  }
}

TEST_CASE("text source: the loss leaves out the first token, which is given") {
  const TextSource source(animals);
  const std::string text = "The cat cannot.\nThere is a, they say!\n";
  const std::vector<double> nats = source.nats(text);
  const double all = sum(nats);
  const auto count = static_cast<double>(text.size());
  CHECK(source.loss(text, TokenKind::characters) == Approx((all - nats[0]) / (count - 1)));
  CHECK(source.loss(text, TokenKind::bytes) == source.loss(text, TokenKind::characters));
  // Ten tokens (eight words, two ends of lines); "The " is given.
  const double given = nats[0] + nats[1] + nats[2] + nats[3];
  CHECK(source.loss(text, TokenKind::words) == Approx((all - given) / 9));
  CHECK_THROWS_AS(source.loss("", TokenKind::words), DataError);
  CHECK_THROWS_AS(source.loss("T", TokenKind::characters), DataError);
  CHECK_THROWS_AS(source.loss(text, TokenKind::subwords), UsageError);
  CHECK_THROWS_AS(source.entropy_rate(TokenKind::subwords), UsageError);
}

TEST_CASE("text source: recursion at the end of a body, against the geometric series") {
  // A sentence of 1 + n words with probability 3/4 (1/4)^n.
  const TextSource source({{"s", {{1, "so <more>"}}}, {"more", {{3, "."}, {1, "very <more>"}}}});
  const double entropy = (std::log(4. / 3) * 3 / 4 + std::log(4.) / 4) / (3. / 4);
  CHECK(source.sentence_entropy() == Approx(entropy).epsilon(1e-12));
  CHECK(source.sentence_characters() == Approx(4 + 5. / 3).epsilon(1e-12));
  CHECK(source.sentence_words() == Approx(2 + 1. / 3).epsilon(1e-12));
  CHECK(sum(source.nats("So very very.\n")) == Approx(-std::log(3. / 64)).epsilon(1e-12));
}

TEST_CASE("text source: samples are whole sentences with the right frequencies") {
  const TextSource source(animals);
  Random random(stream_key(1, "test", "sample"));
  const std::string text = source.sample(random, 300'000);
  CHECK(text.size() >= 300'000);
  CHECK(text.back() == '\n');
  std::map<std::string, int> counts;
  int total = 0;
  for (std::size_t start = 0; start < text.size(); ++total) {
    const std::size_t end = text.find('\n', start) + 1;
    ++counts[text.substr(start, end - start)];
    start = end;
  }
  for (const auto& entry : sentences_of(animals)) {
    const auto& [sentence, p] = entry;
    CAPTURE(entry.first);
    const double expected = p * total;
    CHECK(std::abs(counts[sentence] - expected) < 5 * std::sqrt(expected) + 1);
  }
  CHECK(source.sample(random, 0).empty());
  CHECK(source.loss(text, TokenKind::characters) ==
        Approx(source.entropy_rate(TokenKind::characters)).epsilon(0.01));
}

TEST_CASE("text source: text from elsewhere is refused with its offset") {
  const TextSource source(animals);
  CHECK_THROWS_WITH_AS(source.nats("The cow.\n"), Contains("character 5 ('o')"), DataError);
  CHECK_THROWS_AS(source.nats("the cat.\n"), DataError);
  CHECK_THROWS_AS(source.nats("The cat.\n\n"), DataError);
  CHECK(source.nats("").empty());
}

TEST_CASE("text source: grammars that are refused") {
  const auto refused = [](const std::vector<Rule>& rules, const char* words) {
    CHECK_THROWS_WITH_AS(TextSource{rules}, Contains(words), UsageError);
  };
  refused({}, "at least one rule");
  refused({{"s", {{1, "a <b> ."}}}}, "no rule <b>");
  refused({{"s", {{0, "a ."}}}}, "positive");
  refused({{"s", {{1, "Cat ."}}}}, "'Cat' is no word");
  refused({{"s", {{1, "a"}}}}, "nothing else does");
  refused({{"s", {{1, ""}}}}, "does not end");
  refused({{"s", {{1, "a . b ."}}}}, "nothing else does");
  refused({{"s", {{1, "a b ."}, {1, "a c ."}}}}, "ambiguous: 'a'");
  refused({{"s", {{1, "x <b> <c> ."}}}, {"b", {{1, ""}, {1, "a"}}}, {"c", {{1, ""}, {1, "a"}}}},
          "ambiguous: 'a'");
  refused({{"s", {{1, "<s> a ."}, {1, "b ."}}}}, "begins with itself");
  refused({{"s", {{1, "x <b> ."}}}, {"b", {{1, "a <b> c"}, {1, "d"}}}}, "infinitely many states");
  refused({{"s", {{1, "x <b>"}}}, {"b", {{1, "a <b>"}}}}, "never ends");
}

}  // namespace abax::data
