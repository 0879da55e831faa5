// The built-in corpora of tasks: read again by rules of the tests' own, with their probabilities.
#include "models/data/corpora/task_corpora.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "models/data/corpora/corpus_part.h"

namespace abax::data {
namespace {

using doctest::Approx;
using Strings = std::vector<std::string>;

Strings words_of(const std::string& sentence) {
  std::istringstream in(sentence);
  Strings words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

constexpr PartSizes small{2000, 600, 500};

/// All of a part's sources are in that part alone, and the sizes of others change nothing.
void check_parts(const Strings& train, const Strings& valid, const Strings& test,
                 const Strings& longer_train) {
  CHECK(train.size() == 2000);
  CHECK(valid.size() == 600);
  CHECK(test.size() == 500);
  const std::set<std::string> known(train.begin(), train.end());
  const std::set<std::string> checked(valid.begin(), valid.end());
  for (const std::string& sentence : valid) CHECK_FALSE(known.contains(sentence));
  for (const std::string& sentence : test) {
    CHECK_FALSE(known.contains(sentence));
    CHECK_FALSE(checked.contains(sentence));
  }
  CHECK(Strings(longer_train.begin(), longer_train.begin() + 2000) == train);
}

/// The answer to a story's question, from its words.
std::string answer_of(const std::string& source) {
  std::map<std::string, std::string> room, holder, lies;
  const Strings words = words_of(source);
  std::size_t i = 0;
  while (words[i] != "where" && words[i] != "who" && words[i] != "what") {
    const std::size_t end = static_cast<std::size_t>(
        std::ranges::find(words.begin() + static_cast<std::ptrdiff_t>(i), words.end(), ".") -
        words.begin());
    const std::string &who = words[i], &does = words[i + 1], &what = words[end - 1];
    if (does == "took" || does == "picked") {
      CHECK((!lies.contains(what) || lies[what] == room.at(who)));
      CHECK_FALSE(holder.contains(what));
      holder[what] = who;
      lies.erase(what);
    } else if (does == "dropped" || does == "put") {
      CHECK(holder.at(what) == who);
      holder.erase(what);
      lies[what] = room.at(who);
    } else {
      CHECK(room[who] != what);
      room[who] = what;
    }
    i = end + 1;
  }
  if (words[i] == "what") {
    std::string things;
    for (const auto& [thing, who] : holder)  // in alphabetical order, as the corpus lists them
      if (who == words[i + 2]) things += (things.empty() ? "" : " ") + thing;
    return things.empty() ? (room.at(words[i + 2]), "nothing") : things;
  }
  const std::string& last = words[words.size() - 2];
  if (words[i] == "who") return holder.contains(last) ? holder[last] : (lies.at(last), "nobody");
  if (words[i + 2] != "the") return room.at(last);
  return holder.contains(last) ? room.at(holder[last]) : lies.at(last);
}

/// What a judgement says, by its last clause.
bool is_positive(const std::string& sentence) {
  static const std::set<std::string> good = {"good",  "friendly", "clever", "charming",
                                             "fresh", "lovely",   "bright", "delightful"};
  static const std::set<std::string> bad = {"bad",  "dull",  "boring",   "awful",
                                            "rude", "stale", "tiresome", "disappointing"};
  bool positive = false, turned = false;
  int clauses = 1, adjectives = 0;
  for (const std::string& word : words_of(sentence)) {
    if (word == "but" || word == "and") {
      turned = false;
      ++clauses;
    }
    if (word == "not" || word == "never") turned = true;
    if (!good.contains(word) && !bad.contains(word)) continue;
    ++adjectives;
    const bool now = good.contains(word) != turned;
    if (clauses == 2) CHECK((now == positive) == (sentence.find(" but ") == sentence.npos));
    positive = now;
  }
  CHECK(adjectives == clauses);
  return positive;
}

}  // namespace

TEST_CASE("phrasebook: parts, seeds") {
  const PairCorpus corpus = phrasebook(1, small);
  check_parts(corpus.train.source, corpus.valid.source, corpus.test.source,
              phrasebook(1, {2500, 0, 0}).train.source);
  CHECK(phrasebook(2, small).train.source != corpus.train.source);
  CHECK(corpus.valid.target == phrasebook(1, {0, 600, 0}).valid.target);
  CHECK(corpus.valid.lines.back() == 600);
  CHECK(phrasebook(1, {0, 0, 0}).valid_nats == 0);
}

TEST_CASE("phrasebook: the probabilities of its choices, and agreement") {
  // The ambiguous words: which stem, and how likely it is.
  const std::map<std::string, double> choices = {
      {"ors", .75}, {"brun", .25}, {"corv", .5}, {"ner", .5},  {"letter", .6},
      {"fogl", .4}, {"mant", .9},  {"capp", .1}, {"segu", .7}, {"cac", .3}};
  const Strings endings = {"eni", "ae", "a", "o", "e", "i", "it", "ent"};
  const PairCorpus corpus = phrasebook(3, small);
  double nats = 0;
  std::map<std::string, double> counts;
  for (const std::string& target : corpus.valid.target) {
    const Strings words = words_of(target);
    int fronts = 0, places = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
      for (const auto& [stem, probability] : choices)
        for (const std::string& ending : endings)
          if (words[i] == stem + ending) {
            nats -= std::log(probability);
            ++counts[stem];
          }
      if (words[i] != "in" && words[i] != "pres" && words[i] != "retr") continue;
      ++places;
      fronts += i == 0 ? 1 : 0;
    }
    if (places > 0) {
      nats -= std::log(fronts > 0 ? 0.75 : 0.25);
      ++counts[fronts > 0 ? "front" : "middle"];
    }
    CHECK(places <= 1);
    // An article's ending is that of the words up to the next article, preposition or verb.
    std::string ending;
    for (std::size_t i = 0; i + 2 < words.size(); ++i) {
      const std::string& word = words[i];
      if (word == "in" || word == "pres" || word == "retr") continue;
      const bool article = word[0] == 'l' && word.size() <= 4 && word.starts_with("l") &&
                           std::ranges::find(endings, word.substr(1)) != endings.end();
      if (article)
        ending = word.substr(1);
      else if (word.size() == 3 && word.starts_with("un"))
        ending = word.substr(2);
      CAPTURE(target);
      CAPTURE(word);
      CHECK(word.ends_with(ending));
    }
    CHECK(words.back() == ".");
    const std::string& verb = words[words.size() - 2];
    CHECK((verb.ends_with("it") || verb.ends_with("ent")));
  }
  CHECK(corpus.valid_nats == Approx(nats).epsilon(1e-9));
  CHECK(nats > 100);
  const auto share = [&](const char* a, const char* b) {
    return counts[a] / (counts[a] + counts[b]);
  };
  CHECK(share("front", "middle") == Approx(0.75).epsilon(0.1));
  CHECK(share("segu", "cac") == Approx(0.7).epsilon(0.2));
}

TEST_CASE("phrasebook: the source decides everything but the choices") {
  // Many more pairs than choices: equal sources differ in nothing else.
  const PairCorpus corpus = phrasebook(1, {20'000, 0, 0});
  std::map<std::string, std::set<std::string>> targets;
  for (std::size_t i = 0; i < corpus.train.size(); ++i)
    targets[corpus.train.source[i]].insert(corpus.train.target[i]);
  int repeated = 0;
  for (const auto& [source, all] : targets) {
    int most = source.find(" in ") != source.npos || source.find(" near ") != source.npos ||
                       source.find(" behind ") != source.npos
                   ? 2
                   : 1;
    for (const std::string& word : words_of(source))
      for (const char* ambiguous : {"bear", "crow", "letter", "coat", "follow"})
        most *= word.starts_with(ambiguous) ? 2 : 1;
    CHECK(static_cast<int>(all.size()) <= most);
    repeated += all.size() > 1 ? 1 : 0;
  }
  CHECK(repeated > 20);
}

TEST_CASE("questions: the answers are those of the stories, on new facts") {
  const PairCorpus corpus = questions(1, small);
  check_parts(corpus.train.source, corpus.valid.source, corpus.test.source,
              questions(1, {2500, 0, 0}).train.source);
  const auto facts = [](const std::string& source) {
    return source.substr(0, source.rfind(" . ") + 2);
  };
  std::set<std::string> known;
  std::map<std::string, int> kinds, answers;
  for (const std::string& source : corpus.train.source) known.insert(facts(source));
  for (const ParallelText* part : {&corpus.train, &corpus.valid, &corpus.test})
    for (std::size_t i = 0; i < part->size(); ++i) {
      CAPTURE(part->source[i]);
      CHECK(part->target[i] == answer_of(part->source[i]));
      if (part != &corpus.train) CHECK_FALSE(known.contains(facts(part->source[i])));
      const std::size_t question = facts(part->source[i]).size() + 1;
      ++kinds[part->source[i].substr(question, 9)];
      ++answers[part->target[i]];
    }
  CHECK(kinds["who has t"] > 300);
  CHECK(kinds["what does"] > 300);
  CHECK(kinds["where is "] > 600);
  for (const char* thing : {"apple", "ball", "book", "lamp", "apple book", "nothing"})
    CHECK(answers[thing] > 0);
  CHECK(answers["nobody"] > 20);
  CHECK(corpus.valid_nats == 0);
}

TEST_CASE("judgements: the labels are right save for the noise") {
  const LabelledCorpus corpus = judgements(1, small);
  check_parts(corpus.train.sentences, corpus.valid.sentences, corpus.test.sentences,
              judgements(1, {2500, 0, 0}).train.sentences);
  CHECK(corpus.train.classes == Strings{"negative", "positive"});
  const auto wrong = [](const LabelledText& part) {
    int count = 0;
    for (std::size_t i = 0; i < part.size(); ++i)
      count += (part.labels[i] == 1) != is_positive(part.sentences[i]) ? 1 : 0;
    return count;
  };
  const auto check = [&](const LabelledText& part, double nats, double accuracy) {
    const auto size = static_cast<double>(part.size());
    const double errors = wrong(part);
    CHECK(accuracy == Approx(1 - errors / size));
    CHECK(nats == Approx(-errors * std::log(0.1) - (size - errors) * std::log(0.9)));
  };
  check(corpus.valid, corpus.valid_nats, corpus.valid_accuracy);
  check(corpus.test, corpus.test_nats, corpus.test_accuracy);
  CHECK(wrong(corpus.train) == Approx(200).epsilon(0.2));
  CHECK(corpus.test_accuracy == Approx(0.9).epsilon(0.05));
}

TEST_CASE("corpus parts: nine in ten texts train") {
  int counts[3] = {};
  for (int i = 0; i < 20'000; ++i) ++counts[part_of(std::to_string(i))];
  CHECK(counts[0] == Approx(18'000).epsilon(0.01));
  CHECK(counts[1] == Approx(1'000).epsilon(0.15));
  CHECK(counts[2] == Approx(1'000).epsilon(0.15));
}

}  // namespace abax::data
