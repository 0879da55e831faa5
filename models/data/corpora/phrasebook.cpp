// The little languages of the phrasebook.
#include <cmath>
#include <utility>
#include <vector>

#include "core/base/text.h"
#include "models/data/corpora/corpus_part.h"
#include "models/data/corpora/task_corpora.h"

namespace abax::data {
namespace {

/// A translation of a word: the stem, its gender ('a', 'o' or 'e', which is its ending, too) and
/// how likely it is.
struct Translation {
  std::string_view stem;
  char gender = 'o';
  double probability = 1;
};

struct Noun {
  std::string_view one, many;
  std::vector<Translation> translations;
};
struct Verb {
  std::string_view one, many;  // "sees", "see"
  std::vector<Translation> translations;
};
struct Word {
  std::string_view source, stem;
};

const std::vector<Noun>& beings() {
  static const std::vector<Noun> nouns = {
      {"fox", "foxes", {{"volpin", 'o'}}},
      {"cat", "cats", {{"gatt", 'a'}}},
      {"girl", "girls", {{"ragaz", 'a'}}},
      {"baker", "bakers", {{"fornar", 'o'}}},
      {"king", "kings", {{"re", 'o'}}},
      {"poet", "poets", {{"cantor", 'e'}}},
      {"sailor", "sailors", {{"marin", 'o'}}},
      {"bear", "bears", {{"ors", 'o', 0.75}, {"brun", 'a', 0.25}}},
      {"crow", "crows", {{"corv", 'o', 0.5}, {"ner", 'a', 0.5}}},
      {"mouse", "mice", {{"top", 'e'}}}};
  return nouns;
}

const std::vector<Noun>& things() {
  static const std::vector<Noun> nouns = {
      {"bell", "bells", {{"campan", 'a'}}},
      {"letter", "letters", {{"letter", 'a', 0.6}, {"fogl", 'o', 0.4}}},
      {"boat", "boats", {{"barc", 'a'}}},
      {"song", "songs", {{"canzon", 'e'}}},
      {"lantern", "lanterns", {{"lum", 'e'}}},
      {"river", "rivers", {{"fium", 'e'}}},
      {"coat", "coats", {{"mant", 'o', 0.9}, {"capp", 'a', 0.1}}},
      {"tree", "trees", {{"alber", 'o'}}}};
  return nouns;
}

const std::vector<Noun>& places() {
  static const std::vector<Noun> nouns = {{"garden", "gardens", {{"giard", 'o'}}},
                                          {"forest", "forests", {{"selv", 'a'}}},
                                          {"village", "villages", {{"borg", 'o'}}},
                                          {"harbour", "harbours", {{"port", 'e'}}}};
  return nouns;
}

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> list = {
      {"sees", "see", {{"vid"}}},
      {"likes", "like", {{"am"}}},
      {"follows", "follow", {{"segu", 'o', 0.7}, {"cac", 'o', 0.3}}},
      {"hears", "hear", {{"ud"}}},
      {"finds", "find", {{"trov"}}},
      {"paints", "paint", {{"ping"}}}};
  return list;
}

constexpr Word adjectives[] = {{"small", "picol"}, {"grey", "gris"},   {"hungry", "famin"},
                               {"old", "vec"},     {"quiet", "tacit"}, {"brave", "fort"}};
constexpr Word prepositions[] = {{"in", "in"}, {"near", "pres"}, {"behind", "retr"}};
constexpr double place_in_front = 0.75;

/// A phrase in both languages.
struct Phrase {
  std::string source, target;
  bool many = false;
};

class Writer {
 public:
  explicit Writer(Random& random) : random_(random) {}

  struct Pair {
    std::string source, target;
    double nats = 0;
  };
  /// "SUBJECT sees OBJECT [in PLACE] ." and "[in PLACE] SUBJECT OBJECT [in PLACE] vidit .".
  Pair sentence() {
    nats_ = 0;
    const Phrase subject = noun_phrase(beings(), true);
    const Verb& verb = any(verbs());
    const Phrase object = noun_phrase(random_.uniform() < 0.5 ? beings() : things(), true);
    Pair pair;
    pair.source =
        str_cat(subject.source, " ", subject.many ? verb.many : verb.one, " ", object.source);
    const std::string spoken =
        str_cat(translate(verb.translations).stem, subject.many ? "ent" : "it");
    std::string front, middle;
    if (random_.uniform() < 0.6) {
      const Word& preposition = prepositions[random_.below(std::size(prepositions))];
      const Phrase place = noun_phrase(places(), false);
      pair.source += str_cat(" ", preposition.source, " ", place.source);
      const std::string where = str_cat(preposition.stem, " ", place.target, " ");
      (choose(place_in_front) ? front : middle) = where;
    }
    pair.source += " .";
    pair.target = str_cat(front, subject.target, " ", object.target, " ", middle, spoken, " .");
    pair.nats = nats_;
    return pair;
  }

 private:
  template <class T>
  const T& any(const std::vector<T>& list) {
    return list[static_cast<std::size_t>(random_.below(std::ssize(list)))];
  }

  /// A choice that the source does not tell: it costs nats.
  bool choose(double probability) {
    const bool chosen = random_.uniform() < probability;
    nats_ -= std::log(chosen ? probability : 1 - probability);
    return chosen;
  }
  const Translation& translate(const std::vector<Translation>& all) {
    return all.size() == 1 || choose(all[0].probability) ? all[0] : all[1];
  }

  Phrase noun_phrase(const std::vector<Noun>& nouns, bool described) {
    const Noun& noun = any(nouns);
    Phrase phrase;
    phrase.many = random_.uniform() < 0.3;
    const bool known = phrase.many || random_.uniform() < 0.6;
    const Translation& translation = translate(noun.translations);
    // The plurals of la, lo, le are lae, li, leni.
    const char gender = translation.gender;
    const std::string_view ending = !phrase.many    ? std::string_view(&translation.gender, 1)
                                    : gender == 'a' ? "ae"
                                    : gender == 'o' ? "i"
                                                    : "eni";
    phrase.source = known ? "the" : "a";
    phrase.target = str_cat(known ? "l" : "un", ending);
    std::string adjective;
    if (described && random_.uniform() < 0.4) {
      const Word& word = adjectives[random_.below(std::size(adjectives))];
      phrase.source += str_cat(" ", word.source);
      adjective = str_cat(" ", word.stem, ending);
    }
    phrase.source += str_cat(" ", phrase.many ? noun.many : noun.one);
    phrase.target += str_cat(" ", translation.stem, ending, adjective);
    return phrase;
  }

  Random& random_;
  double nats_ = 0;
};

double fill_pairs(ParallelText& part_text, int part, std::int64_t size, std::uint64_t seed) {
  Random random(stream_key(seed, "phrasebook", part_names[part]));
  Writer writer(random);
  double nats = 0;
  for (std::int64_t line = 1; line <= size; ++line) {
    const auto pair = draw_for(
        part, [&] { return writer.sentence(); }, [](const auto& p) { return p.source; });
    part_text.source.push_back(pair.source);
    part_text.target.push_back(pair.target);
    part_text.lines.push_back(line);
    nats += pair.nats;
  }
  part_text.source_name = part_text.target_name = "built-in phrasebook";
  return nats;
}

}  // namespace

PairCorpus phrasebook(std::uint64_t seed, const PartSizes& sizes) {
  PairCorpus corpus;
  fill_pairs(corpus.train, 0, sizes.train, seed);
  corpus.valid_nats = fill_pairs(corpus.valid, 1, sizes.valid, seed);
  corpus.test_nats = fill_pairs(corpus.test, 2, sizes.test, seed);
  return corpus;
}

}  // namespace abax::data
