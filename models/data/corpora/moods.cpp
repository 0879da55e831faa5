// Sentences of four kinds in four moods: a grammar whose places are independent given these two.
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "core/base/text.h"
#include "models/data/corpora/corpus_part.h"
#include "models/data/corpora/task_corpora.h"

namespace abax::data {
namespace {

using Words = std::vector<std::string_view>;

// A latent is 4 * kind + mood. Either has words in common with the other one of its half (calm and
// happy are pleasant, sad and angry are not) and with the one of its parity (calm and sad are
// quiet, happy and angry lively).
constexpr std::string_view kinds[] = {"report", "question", "request", "wish"};
constexpr std::string_view moods_of_all[] = {"calm", "happy", "sad", "angry"};

int kind_of(std::size_t latent) { return static_cast<int>(latent / 4); }
int mood_of(std::size_t latent) { return static_cast<int>(latent % 4); }

using Probabilities = std::array<double, mood_latents>;  // one a latent

/// What may stand at a place of a sentence: words, each with a space behind it (or none at all),
/// and how likely they are given each latent.
struct Choice {
  std::string text;
  Probabilities probability = {};
};
using Place = std::vector<Choice>;

/// The words of four kinds or moods: of their own, and those that two of them have in common.
struct Lists {
  std::array<Words, 4> own;
  std::array<Words, 2> by_half = {}, by_parity = {};
};

constexpr double shared = 0.2;  // of each of the two lists in common, where it is not empty

/// Words by kind or mood, equally likely within their list.
Place place_by(int (*part)(std::size_t latent), const Lists& lists) {
  Place place;
  const auto add = [&](const Words& words, auto share_of) {
    for (const std::string_view word : words) {
      Choice& choice = place.emplace_back(Choice{str_cat(word, " ")});
      for (std::size_t latent = 0; latent < mood_latents; ++latent)
        choice.probability[latent] = share_of(part(latent)) / static_cast<double>(words.size());
    }
  };
  const auto share = [](const Words& words) { return words.empty() ? 0 : shared; };
  for (int own = 0; own < 4; ++own)
    add(lists.own[static_cast<std::size_t>(own)], [&](int which) {
      return which != own ? 0.
                          : 1 - share(lists.by_half[static_cast<std::size_t>(own / 2)]) -
                                share(lists.by_parity[static_cast<std::size_t>(own % 2)]);
    });
  for (int two = 0; two < 2; ++two) {
    add(lists.by_half[static_cast<std::size_t>(two)],
        [two](int which) { return which / 2 == two ? shared : 0.; });
    add(lists.by_parity[static_cast<std::size_t>(two)],
        [two](int which) { return which % 2 == two ? shared : 0.; });
  }
  return place;
}

/// The same words whatever the latent, equally likely; "" for none.
Place place_of_any(const Words& words) {
  Place place;
  for (const std::string_view word : words) {
    Choice& choice = place.emplace_back();
    if (!word.empty()) choice.text = str_cat(word, " ");
    choice.probability.fill(1 / static_cast<double>(words.size()));
  }
  return place;
}

std::string past_of(std::string verb) {
  verb.pop_back();  // the space
  if (verb.back() == 'y') return verb.replace(verb.size() - 1, 1, "ied ");
  return verb += verb.back() == 'e' ? "d " : "ed ";
}

/// Reports have verbs in the past.
Place verbs(const Place& bases) {
  Place place;
  for (const Choice& base : bases)
    for (const bool past : {false, true}) {
      Choice& choice = place.emplace_back(base);
      if (past) choice.text = past_of(base.text);
      for (std::size_t latent = 0; latent < mood_latents; ++latent)
        if ((kind_of(latent) == 0) != past) choice.probability[latent] = 0;
    }
  return place;
}

/// The sign that ends a kind, and the strong one, which is the lively moods' three times in four.
Place endings() {
  constexpr std::pair<std::string_view, std::string_view> signs[] = {
      {". ", "! "}, {"? ", "?! "}, {". ", "! "}, {"... ", "! "}};
  Place place;
  for (const std::string_view text : {". ", "! ", "? ", "?! ", "... "}) {
    Choice& choice = place.emplace_back(Choice{std::string(text)});
    for (std::size_t latent = 0; latent < mood_latents; ++latent) {
      const auto& [plain, strong] = signs[kind_of(latent)];
      const double lively = mood_of(latent) % 2 == 1 ? 0.75 : 0.25;
      if (text == strong) choice.probability[latent] = lively;
      if (text == plain) choice.probability[latent] = 1 - lively;
    }
  }
  return place;
}

/// "well , first anna has gently mended the plain boat outside in peace ."
const std::vector<Place>& places() {
  static const std::vector<Place> all = {
      place_by(mood_of, {{{{"well", "now"}, {"oh", "hooray"}, {"alas", "sigh"}, {"enough", "bah"}}},
                         {{{"yes", "ah"}, {"no", "never"}}},
                         {{{"hmm", "so"}, {"hey", "look"}}}}),
      place_of_any({","}),
      place_by(kind_of,
               {{{{"first", "somehow"}, {"will", "can"}, {"please", "come"}, {"may", "let"}}},
                {},
                {{{"then"}, {"would"}}}}),
      place_of_any({"anna", "peter", "clara", "tom", "mira", "oscar", "ruth", "paul"}),
      place_by(kind_of, {{{{"has", "had"}, {"ever", "really"}, {", do", ","}, {"soon", "but"}}},
                         {{{"just"}, {}}},
                         {}}),
      place_by(mood_of, {{{{"gently", "calmly"},
                           {"merrily", "gladly"},
                           {"sadly", "wearily"},
                           {"angrily", "roughly"}}},
                         {{{"kindly", "nicely"}, {"bitterly", "coldly"}}},
                         {{{"slowly", "softly"}, {"quickly", "loudly"}}}}),
      verbs(place_by(
          mood_of, {{{{"mend", "dust"}, {"kiss", "praise"}, {"bury", "return"}, {"kick", "smash"}}},
                    {{{"paint", "polish"}, {"ruin", "spoil"}}},
                    {{{"carry", "fold"}, {"push", "toss"}}}})),
      place_by(
          kind_of,
          {{{{"the"}, {"that"}, {"my"}, {"every"}}}, {{{"a"}, {"this"}}}, {{{"our"}, {"some"}}}}),
      place_by(mood_of, {{{{"plain", "smooth"},
                           {"lovely", "golden"},
                           {"faded", "lonely"},
                           {"wretched", "horrid"}}},
                         {{{"pretty", "sweet"}, {"broken", "dirty"}}},
                         {{{"small", "grey"}, {"bright", "big"}}}}),
      place_by(kind_of,
               {{{{"boat", "cart"}, {"letter", "ring"}, {"lamp", "kettle"}, {"kite", "piano"}}},
                {{{"clock", "book"}, {"chair", "coat"}}},
                {{{"basket", "hat"}, {"drum", "mirror"}}}}),
      place_of_any({"", "", "", "outside", "upstairs", "today"}),
      place_by(mood_of, {{{{"in peace", "as always"},
                           {"with joy", "for fun"},
                           {"in tears", "with regret"},
                           {"in anger", "for spite"}}},
                         {{{"with care", "for us"}, {"in vain", "for nothing"}}},
                         {{{"in silence", "alone"}, {"with zest", "at once"}}}}),
      endings()};
  return all;
}

const std::string& draw(const Place& place, std::size_t latent, Random& random) {
  double rest = random.uniform();
  const Choice* last = nullptr;
  for (const Choice& choice : place) {
    if (choice.probability[latent] == 0) continue;
    last = &choice;
    if ((rest -= choice.probability[latent]) < 0) break;
  }
  return last->text;  // rounding: the last one that may stand here
}

struct Sentence {
  std::string text;
  std::int32_t latent = 0;
};

Sentence say(Random& random) {
  Sentence sentence{"", static_cast<std::int32_t>(random.below(std::int64_t{mood_latents}))};
  for (const Place& place : places())
    sentence.text += draw(place, static_cast<std::size_t>(sentence.latent), random);
  sentence.text.pop_back();  // the space at the end
  return sentence;
}

/// -log p(sentence), whatever the latent.
double nats(const std::string& sentence) {
  double sum = 0;
  for (const double log_probability : mood_log_probabilities(sentence))
    sum += std::exp(log_probability);
  return -std::log(sum);
}

double fill(LabelledText& part_text, int part, std::int64_t size, std::uint64_t seed) {
  Random random(stream_key(seed, "moods", part_names[part]));
  for (const std::string_view kind : kinds)
    for (const std::string_view mood : moods_of_all)
      part_text.classes.push_back(str_cat(mood, "-", kind));
  part_text.files.assign(mood_latents, "built-in moods");
  double sum = 0;
  for (std::int64_t line = 1; line <= size; ++line) {
    const Sentence sentence = draw_for(
        part, [&] { return say(random); }, [](const Sentence& s) { return s.text; });
    part_text.sentences.push_back(sentence.text);
    part_text.labels.push_back(sentence.latent);
    part_text.lines.push_back(line);
    sum += nats(sentence.text);
  }
  return sum;
}

}  // namespace

std::vector<double> mood_log_probabilities(std::string_view sentence) {
  const std::string text = str_cat(sentence, " ");
  Probabilities even;
  even.fill(1. / mood_latents);
  // By how much of the text the places so far have read: its probability with each latent.
  std::map<std::size_t, Probabilities> read{{0, even}};
  for (const Place& place : places()) {
    std::map<std::size_t, Probabilities> further;
    for (const auto& [at, before] : read)
      for (const Choice& choice : place) {
        if (!std::string_view(text).substr(at).starts_with(choice.text)) continue;
        Probabilities& sum = further[at + choice.text.size()];  // zeros where it is new
        for (std::size_t latent = 0; latent < mood_latents; ++latent)
          sum[latent] += before[latent] * choice.probability[latent];
      }
    read = std::move(further);
  }
  std::vector<double> result(mood_latents, -std::numeric_limits<double>::infinity());
  if (const auto whole = read.find(text.size()); whole != read.end())
    for (std::size_t latent = 0; latent < mood_latents; ++latent)
      result[latent] = std::log(whole->second[latent]);
  return result;
}

SentenceCorpus moods(std::uint64_t seed, const PartSizes& sizes) {
  SentenceCorpus corpus;
  corpus.latent_nats = std::log(double{mood_latents});
  corpus.train_nats = fill(corpus.train, 0, sizes.train, seed);
  corpus.valid_nats = fill(corpus.valid, 1, sizes.valid, seed);
  corpus.test_nats = fill(corpus.test, 2, sizes.test, seed);
  return corpus;
}

}  // namespace abax::data
