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
  CHECK(shortest >= 13);
  CHECK(longest <= 15);
}

TEST_CASE("moods: probabilities of sentences, by hand") {
  // Words of a latent's own; of its mood; of its kind.
  constexpr double own = 0.6 + 0.35 / 4 + 0.05 / 4, mood = 0.35 / 4, kind = 0.05 / 4;
  // All six words that a calm report says itself: opening, adverb, verb, adjective, thing, end.
  // Besides: "first", a name, "must", no place, the sign.
  const std::vector<double> calm =
      mood_log_probabilities("well , first anna must gently mend the plain boat in peace .");
  REQUIRE(calm.size() == 16);
  const double rest = 1. / 16 * 0.8 * (1. / 16) * 0.8 * (4. / 8);
  CHECK(calm[0] == Approx(std::log(rest * std::pow(own, 6) * 0.75)));
  CHECK(calm[1] == Approx(std::log(rest * std::pow(kind, 6) * 0.25)));
  CHECK(calm[2] == Approx(std::log(rest * std::pow(kind, 6) * 0.75)));
  for (std::size_t latent = 4; latent < 16; ++latent) CHECK(calm[latent] == -INFINITY);

  // Words of angry questions (two), of happy ones (three) and of happy wishes (one).
  const std::vector<double> mixed = mood_log_probabilities(
      "what , would tom just roughly praise the golden ring outside for luck ?!");
  const double common = 1. / 16 * 0.2 * (1. / 16) * 0.2 * (1. / 8) * 0.75;
  CHECK(mixed[5] == Approx(std::log(common * kind * kind * own * own * own * mood)));
  for (std::size_t latent = 0; latent < 16; ++latent)
    if (latent != 5) CHECK(mixed[latent] == -INFINITY);
  // With "for fun", of happy questions, it could be one of any mood.
  const std::vector<double> any = mood_log_probabilities(
      "what , would tom just roughly praise the golden ring outside for fun ?!");
  const double happy = common * kind * kind * std::pow(own, 4);
  const double angry = common * own * own * std::pow(kind, 4);
  CHECK(any[5] == Approx(std::log(happy)));
  CHECK(any[7] == Approx(std::log(angry)));
  CHECK(any[4] == Approx(std::log(common / 3 * std::pow(kind, 6))));
  CHECK(sum_of_exp(any) == Approx(happy + angry + 2 * common / 3 * std::pow(kind, 6)));

  for (const char* other :
       {"", "well", "well , first anna must gently mend the plain boat in peace",
        "well , first anna must gently mend the plain boat in peace . .",
        "well , first anna must gladly mend the lonely boat in peace .",
        "well , first anna ever gently mend the plain boat in peace .",
        "well  , first anna must gently mend the plain boat in peace ."}) {
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
  CHECK(doubt / 1000 < 0.001);
  CHECK(right >= 998);
  MESSAGE("nats a sentence ", nats / 1000, ", of the latent given it ", doubt / 1000,
          ", read right ", right, " of 1000");
  CHECK(corpus.valid_nats / 1000 == Approx(14.7).epsilon(0.01));
  CHECK(corpus.train_nats / 4000 == Approx(14.7).epsilon(0.01));
}

TEST_CASE("moods: words come as often as their probabilities say") {
  const SentenceCorpus corpus = moods(5, {20'000, 0, 0});
  std::map<std::string, double> counts;  // of calm reports
  for (std::size_t i = 0; i < corpus.train.size(); ++i) {
    if (corpus.train.labels[i] != 0) continue;
    std::istringstream in(corpus.train.sentences[i]);
    for (std::string word; in >> word;) ++counts[word];
    ++counts["all"];
  }
  CHECK(counts["all"] == Approx(1250).epsilon(0.1));
  const auto share = [&](const char* word) { return counts[word] / counts["all"]; };
  CHECK(share("gently") == Approx(0.7).epsilon(0.07));
  CHECK(share("slowly") == Approx(0.0875).epsilon(0.3));  // of calm wishes
  CHECK(counts["sadly"] > 0);                             // of sad reports
  CHECK(share("sadly") < 0.03);
  CHECK(share("wearily") == 0);
  CHECK(share("mend") == Approx(0.7).epsilon(0.07));
  CHECK(share("must") == Approx(0.8).epsilon(0.07));
  CHECK(share("anna") == Approx(1. / 16).epsilon(0.4));
  CHECK(share("outside") == Approx(1. / 8).epsilon(0.3));
}

}  // namespace abax::data
