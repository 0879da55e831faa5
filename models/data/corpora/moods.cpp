// Sentences of four kinds in four moods: a grammar whose places are independent given these two.
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "core/base/text.h"
#include "models/data/corpora/corpus_part.h"
#include "models/data/corpora/task_corpora.h"

namespace abax::data {
namespace {

// A latent is 4 * kind + mood.
constexpr std::string_view kinds[] = {"report", "question", "request", "wish"};
constexpr std::string_view moods_of_all[] = {"calm", "happy", "sad", "angry"};

std::size_t kind_of(std::size_t latent) { return latent / 4; }
std::size_t mood_of(std::size_t latent) { return latent % 4; }

using Probabilities = std::array<double, mood_latents>;  // one a latent

/// What may stand at a place of a sentence: words, each with a space behind it (or none at all),
/// and how likely they are given each latent.
struct Choice {
  std::string text;
  Probabilities probability = {};
};
using Place = std::vector<Choice>;

constexpr double own = 0.6, of_mood = 0.35, of_kind = 0.05;  // of a latent's words

/// A word for each latent. It says its own most often; else one of its mood, whatever the kind, or
/// of its kind, whatever the mood: words of a column, of a row.
Place by_latent(const std::string_view (&words)[mood_latents]) {
  Place place;
  for (std::size_t mine = 0; mine < mood_latents; ++mine) {
    Choice& choice = place.emplace_back(Choice{str_cat(words[mine], " ")});
    for (std::size_t latent = 0; latent < mood_latents; ++latent)
      choice.probability[latent] = (mine == latent ? own : 0) +
                                   (mood_of(mine) == mood_of(latent) ? of_mood / 4 : 0) +
                                   (kind_of(mine) == kind_of(latent) ? of_kind / 4 : 0);
  }
  return place;
}

/// A word and how likely it is in a report, a question, a request, a wish.
struct KindWord {
  std::string_view word;
  std::array<double, 4> probability;
};
Place by_kind(const std::vector<KindWord>& words) {
  Place place;
  for (const auto& [word, probability] : words) {
    Choice& choice = place.emplace_back(Choice{str_cat(word, " ")});
    for (std::size_t latent = 0; latent < mood_latents; ++latent)
      choice.probability[latent] = probability[kind_of(latent)];
  }
  return place;
}

/// The same words whatever the latent, equally likely; "" for none.
Place of_any(const std::vector<std::string_view>& words) {
  Place place;
  for (const std::string_view word : words) {
    Choice& choice = place.emplace_back();
    if (!word.empty()) choice.text = str_cat(word, " ");
    choice.probability.fill(1 / static_cast<double>(words.size()));
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

/// "well , first anna must gently mend the plain boat outside in peace ."
const std::vector<Place>& places() {
  static const std::vector<Place> all = {
      by_latent({"well", "hooray", "alas", "bah",  // report
                 "hmm", "oh", "why", "what",       // question
                 "now", "hey", "sorry", "enough",  // request
                 "ah", "yes", "pity", "no"}),      // wish
      of_any({","}),
      by_kind({{"first", {0.8, 0, 0, 0}},
               {"will", {0, 0.8, 0, 0}},
               {"please", {0, 0, 0.8, 0}},
               {"may", {0, 0, 0, 0.8}},
               {"then", {0.2, 0, 0.2, 0}},
               {"would", {0, 0.2, 0, 0.2}}}),
      of_any({"anna", "peter", "clara", "tom", "mira", "oscar", "ruth", "paul", "lena", "hugo",
              "nora", "felix", "emma", "victor", "ida", "max"}),
      by_kind({{"must", {0.8, 0, 0, 0}},
               {"ever", {0, 0.8, 0, 0}},
               {", do", {0, 0, 1, 0}},
               {"soon", {0, 0, 0, 0.8}},
               {"can", {0.2, 0, 0, 0}},
               {"just", {0, 0.2, 0, 0.2}}}),
      by_latent({"gently", "merrily", "sadly", "angrily",    //
                 "calmly", "gladly", "wearily", "roughly",   //
                 "kindly", "brightly", "softly", "quickly",  //
                 "slowly", "sweetly", "quietly", "fiercely"}),
      by_latent({"mend", "kiss", "bury", "kick",       //
                 "dust", "praise", "return", "smash",  //
                 "fold", "polish", "cover", "push",    //
                 "carry", "paint", "mourn", "burn"}),
      of_any({"the"}),
      by_latent({"plain", "lovely", "faded", "wretched",  //
                 "smooth", "golden", "lonely", "horrid",  //
                 "small", "bright", "broken", "dirty",    //
                 "soft", "pretty", "grey", "noisy"}),
      by_latent({"boat", "kite", "letter", "kettle",  //
                 "clock", "ring", "coat", "cart",     //
                 "basket", "lamp", "mirror", "drum",  //
                 "book", "piano", "candle", "door"}),
      of_any({"", "", "", "", "outside", "upstairs", "today", "again"}),
      by_latent({"in peace", "with joy", "in tears", "in anger",      //
                 "with care", "for fun", "with regret", "for spite",  //
                 "in time", "with glee", "for pity", "at once",       //
                 "at ease", "for luck", "in vain", "for revenge"}),
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
