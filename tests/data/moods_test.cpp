// The built-in sentences of kinds and moods: parts, labels, probabilities worked out by hand.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "models/data/corpora/corpus_part.h"
#include "models/data/corpora/task_corpora.h"

namespace abax::data {
namespace {

using doctest::Approx;
using Strings = std::vector<std::string>;

constexpr PartSizes small{4000, 1000, 500};

double sum_of_exp(const std::vector<double>& logs) {
  double sum = 0;
  for (const double log : logs) sum += std::exp(log);
  return sum;
}

}  // namespace

TEST_CASE("moods: parts, seeds, labels") {
  const SentenceCorpus corpus = moods(1, small);
  CHECK(corpus.train.size() == 4000);
  CHECK(corpus.valid.size() == 1000);
  CHECK(corpus.test.size() == 500);
  int part = 0;
  for (const LabelledText* text : {&corpus.train, &corpus.valid, &corpus.test}) {
    check_lists(*text);
    for (const std::string& sentence : text->sentences) CHECK(part_of(sentence) == part);
    ++part;
  }
  const SentenceCorpus longer = moods(1, {4500, 1000, 0});
  CHECK(Strings(longer.train.sentences.begin(), longer.train.sentences.begin() + 4000) ==
        corpus.train.sentences);
  CHECK(longer.valid.sentences == corpus.valid.sentences);
  CHECK(longer.valid_nats == corpus.valid_nats);
  CHECK(longer.test_nats == 0);
  CHECK(moods(2, {10, 0, 0}).train.sentences[0] != corpus.train.sentences[0]);
  CHECK(corpus.train.classes.size() == 16);
  CHECK(corpus.train.classes[0] == "calm-report");
  CHECK(corpus.train.classes[7] == "angry-question");
  CHECK(corpus.train.classes[13] == "happy-wish");
  CHECK(corpus.latent_nats == Approx(std::log(16)));
  std::map<std::int32_t, int> counts;
  for (const std::int32_t label : corpus.train.labels) ++counts[label];
  CHECK(counts.size() == 16);
  for (const auto& [label, count] : counts) CHECK(count == Approx(250).epsilon(0.25));
}

TEST_CASE("moods: words between single spaces, a small vocabulary, few lengths") {
  const SentenceCorpus corpus = moods(3, small);
  std::set<std::string> words;
  std::size_t shortest = 100, longest = 0;
  for (const std::string& sentence : corpus.train.sentences) {
    std::istringstream in(sentence);
    std::string joined;
    std::size_t count = 0;
    for (std::string word; in >> word; joined += (count++ == 0 ? "" : " ") + word)
      words.insert(word);
    CHECK(joined == sentence);
    shortest = std::min(shortest, count);
    longest = std::max(longest, count);
  }
  MESSAGE("vocabulary ", words.size(), ", words and signs ", shortest, " to ", longest);
  CHECK(words.size() >= 100);
  CHECK(words.size() <= 300);
  CHECK(shortest >= 12);
  CHECK(longest <= 15);
}

TEST_CASE("moods: probabilities of sentences, by hand") {
  // Each place of one that is calm beyond doubt: opening, "first", name, "has", adverb, verb,
  // "the", adjective, thing, no place, end of the sentence, sign.
  const std::vector<double> calm =
      mood_log_probabilities("well , first anna has gently mended the plain boat in peace .");
  REQUIRE(calm.size() == 16);
  const double expected = 1. / 16 * (0.6 / 2) * (0.8 / 2) * (1. / 8) * (0.8 / 2) * (0.6 / 2) *
                          (0.6 / 2) * 0.6 * (0.6 / 2) * (0.6 / 2) * (3. / 6) * (0.6 / 2) * 0.75;
  CHECK(calm[0] == Approx(std::log(expected)));
  for (std::size_t latent = 1; latent < 16; ++latent) CHECK(calm[latent] == -INFINITY);

  // A pleasant question, calm or happy: words of its half alone, save for what the sign tells.
  const std::vector<double> pleasant = mood_log_probabilities(
      "yes , would tom just kindly paint a pretty clock outside with care ?!");
  const double both = 1. / 16 * (0.2 / 2) * 0.2 * (1. / 8) * 0.2 * (0.2 / 2) * (0.2 / 2) * 0.2 *
                      (0.2 / 2) * (0.2 / 2) * (1. / 6) * (0.2 / 2);
  CHECK(pleasant[4] == Approx(std::log(both * 0.25)));
  CHECK(pleasant[5] == Approx(std::log(both * 0.75)));
  CHECK(sum_of_exp(pleasant) == Approx(both));

  for (const char* other :
       {"", "well", "well , first anna has gently mend the plain boat in peace .",
        "well , first anna has gently mended the plain boat in peace",
        "well , first anna has gently mended the plain boat in peace . .",
        "well , first anna has angrily mended the plain boat in peace .",
        "well  , first anna has gently mended the plain boat in peace ."}) {
    CAPTURE(other);
    CHECK(sum_of_exp(mood_log_probabilities(other)) == 0);
  }
}

TEST_CASE("moods: the nats of a part are its sentences', and the label is what they tell") {
  const SentenceCorpus corpus = moods(4, small);
  double nats = 0, doubt = 0, joint = 0;
  int right = 0;
  for (std::size_t i = 0; i < corpus.valid.size(); ++i) {
    const std::vector<double> logs = mood_log_probabilities(corpus.valid.sentences[i]);
    const double p = sum_of_exp(logs);
    const auto label = static_cast<std::size_t>(corpus.valid.labels[i]);
    nats -= std::log(p);
    joint -= logs[label];
    doubt -= logs[label] - std::log(p);
    right += std::ranges::max_element(logs) - logs.begin() == corpus.valid.labels[i] ? 1 : 0;
  }
  CHECK(corpus.valid_nats == Approx(nats).epsilon(1e-12));
  CHECK(joint > nats);
  CHECK(doubt / 1000 < 0.01);
  CHECK(right >= 990);
  MESSAGE("nats a sentence ", nats / 1000, ", of the latent given it ", doubt / 1000,
          ", read right ", right, " of 1000");
  CHECK(corpus.valid_nats / 1000 == Approx(19.4).epsilon(0.01));
  CHECK(corpus.train_nats / 4000 == Approx(19.4).epsilon(0.01));
}

TEST_CASE("moods: words come as often as their probabilities say") {
  const SentenceCorpus corpus = moods(5, {20'000, 0, 0});
  std::map<std::string, double> counts;  // of 5,000 calm sentences
  for (std::size_t i = 0; i < corpus.train.size(); ++i) {
    if (corpus.train.labels[i] % 4 != 0) continue;
    std::istringstream in(corpus.train.sentences[i]);
    for (std::string word; in >> word;) ++counts[word];
    ++counts["all"];
  }
  const auto share = [&](const char* word) { return counts[word] / counts["all"]; };
  CHECK(share("gently") == Approx(0.3).epsilon(0.1));
  CHECK(share("kindly") == Approx(0.1).epsilon(0.15));
  CHECK(share("slowly") == Approx(0.1).epsilon(0.15));
  CHECK(share("quickly") == 0);
  CHECK(share("mended") == Approx(0.3 / 4).epsilon(0.2));
  CHECK(share("anna") == Approx(1. / 8).epsilon(0.15));
  CHECK(share("outside") == Approx(1. / 6).epsilon(0.15));
}

}  // namespace abax::data
