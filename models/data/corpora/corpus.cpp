// The grammar of the built-in corpus, and generators of random and periodic text.
#include "models/data/corpora/corpus.h"

#include "core/base/error.h"

namespace abax::data {

const TextSource& fables() {
  // Choices are factored so that no two of them begin with the same word ("the fox", "the foxes"),
  // and all nouns and adjectives begin with a consonant ("a").
  static const TextSource source({
      {"sentence",
       {{10, "the <clause> <close>"},
        {6, "a <one-clause> <close>"},
        {2, "<number> <many> <of-many> <do-many> <close>"},
        {3, "<time> , <short>"},
        {1, "it <falls> <where> ."}}},
      {"short", {{3, "the <clause> <close>"}, {2, "a <one-clause> <close>"}}},
      {"close", {{8, "."}, {2, "because it is <weather> ."}, {1, ", and nobody knows why ."}}},

      // Subjects and what they do.
      {"clause", {{7, "<noun-clause>"}, {3, "<adjective> <noun-clause>"}}},
      {"noun-clause", {{7, "<one> <of-one> <do-one>"}, {4, "<many> <of-many> <do-many>"}}},
      {"one-clause", {{7, "<one> <of-one> <do-one>"}, {3, "<adjective> <one> <of-one> <do-one>"}}},
      {"of-one", {{7, ""}, {2, "that <act-one>"}, {1, "from the <place>"}}},
      {"of-many", {{7, ""}, {2, "that <act-many>"}, {1, "from the <place>"}}},
      {"do-one", {{1, "<act-one> <after-one>"}}},
      {"do-many", {{1, "<act-many> <after-many>"}}},
      {"after-one", {{6, ""}, {3, "<where>"}, {1, "and <act-one>"}}},
      {"after-many", {{6, ""}, {3, "<where>"}, {1, "and <act-many>"}}},
      {"act-one", {{6, "<see-one> <object>"}, {3, "<sleep-one>"}}},
      {"act-many", {{6, "<see-many> <object>"}, {3, "<sleep-many>"}}},

      // Objects; their relative clauses may go on and on.
      {"object", {{6, "the <known>"}, {3, "a <new>"}, {1, "<number> <many> <who-many>"}}},
      {"known", {{8, "<known-noun>"}, {2, "<adjective> <known-noun>"}}},
      {"known-noun", {{4, "<one> <who-one>"}, {2, "<many> <who-many>"}, {4, "<thing>"}}},
      {"new", {{8, "<new-noun>"}, {2, "<adjective> <new-noun>"}}},
      {"new-noun", {{5, "<one> <who-one>"}, {4, "<thing>"}}},
      {"who-one", {{9, ""}, {1, "that <act-one>"}}},
      {"who-many", {{9, ""}, {1, "that <act-many>"}}},

      // Words, the more frequent ones first.
      {"one",
       {{12, "fox"},
        {9, "cat"},
        {8, "girl"},
        {6, "baker"},
        {5, "crow"},
        {4, "king"},
        {4, "sailor"},
        {3, "bear"},
        {3, "mouse"},
        {2, "poet"},
        {1, "dragon"}}},
      {"many",
       {{12, "foxes"},
        {9, "cats"},
        {8, "girls"},
        {6, "bakers"},
        {5, "crows"},
        {4, "kings"},
        {4, "sailors"},
        {3, "bears"},
        {3, "mice"},
        {2, "poets"},
        {1, "dragons"}}},
      {"thing",
       {{8, "moon"},
        {6, "river"},
        {5, "bell"},
        {4, "bread"},
        {3, "song"},
        {2, "lantern"},
        {2, "boat"},
        {1, "letter"}}},
      {"adjective",
       {{6, "small"}, {5, "grey"}, {4, "hungry"}, {3, "clever"}, {2, "quiet"}, {1, "brave"}}},
      {"see-one",
       {{9, "sees"},
        {7, "likes"},
        {5, "follows"},
        {4, "hears"},
        {3, "finds"},
        {1, "paints"},
        {1, "remembers"}}},
      {"see-many",
       {{9, "see"},
        {7, "like"},
        {5, "follow"},
        {4, "hear"},
        {3, "find"},
        {1, "paint"},
        {1, "remember"}}},
      {"sleep-one", {{5, "sleeps"}, {4, "sings"}, {3, "waits"}, {2, "dances"}, {1, "laughs"}}},
      {"sleep-many", {{5, "sleep"}, {4, "sing"}, {3, "wait"}, {2, "dance"}, {1, "laugh"}}},
      {"where", {{3, "in the <place>"}, {2, "near the <place>"}, {1, "all day"}}},
      {"place",
       {{6, "garden"}, {5, "forest"}, {4, "village"}, {3, "harbour"}, {2, "snow"}, {1, "mill"}}},
      {"time", {{4, "every <evening>"}, {2, "at <dawn>"}, {2, "when it <falls>"}}},
      {"evening", {{3, "evening"}, {2, "morning"}, {1, "winter"}}},
      {"dawn", {{2, "dawn"}, {1, "night"}}},
      {"falls", {{3, "rains"}, {2, "snows"}}},
      {"weather", {{4, "late"}, {3, "cold"}, {2, "dark"}, {1, "spring"}}},
      {"number", {{5, "two"}, {3, "three"}, {1, "seven"}}},
  });
  return source;
}

Corpus make_corpus(const TextSource& source, std::uint64_t seed, std::int64_t train_characters,
                   std::int64_t valid_characters, std::int64_t test_characters) {
  const auto part = [&](std::string_view name, std::int64_t characters) {
    Random random(stream_key(seed, "corpus", name));
    return characters > 0 ? source.sample(random, characters) : std::string();
  };
  return {part("train", train_characters), part("valid", valid_characters),
          part("test", test_characters)};
}

std::string random_text(std::uint64_t seed, std::int64_t characters) {
  constexpr std::string_view symbols =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static_assert(symbols.size() == 64);
  Random random(stream_key(seed, "corpus", "random text"));
  std::string result;
  for (std::int64_t i = 0; i < characters; ++i) result += symbols[random.next() >> 26];
  return result;
}

std::string periodic_text(std::string_view period, std::int64_t characters) {
  if (period.empty()) throw UsageError("a period needs at least one character");
  std::string result;
  for (std::int64_t i = 0; i < characters; ++i)
    result += period[static_cast<std::size_t>(i) % period.size()];
  return result;
}

}  // namespace abax::data
