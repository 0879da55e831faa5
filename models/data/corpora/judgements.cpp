// Judgements with negation and contrast, and labels of which some are wrong.
#include <cmath>

#include "core/base/text.h"
#include "models/data/corpora/corpus_part.h"
#include "models/data/corpora/task_corpora.h"

namespace abax::data {
namespace {

constexpr std::string_view subjects[] = {"the film", "the soup",   "the waiter", "the music",
                                         "the book", "this place", "the story",  "her speech"};
constexpr std::string_view verbs[] = {"was", "seemed", "is"};
constexpr std::string_view degrees[] = {"", "very ", "really ", "quite "};
constexpr std::string_view good[] = {"good",  "friendly", "clever", "charming",
                                     "fresh", "lovely",   "bright", "delightful"};
constexpr std::string_view bad[] = {"bad",  "dull",  "boring",   "awful",
                                    "rude", "stale", "tiresome", "disappointing"};

/// "the soup was not very good", which says `positive`.
std::string clause(bool positive, Random& random) {
  const std::string_view subject = pick(subjects, random), verb = pick(verbs, random),
                         degree = pick(degrees, random);
  const bool turned = random.uniform() < 0.4;
  const std::string_view adjective = positive != turned ? pick(good, random) : pick(bad, random);
  if (!turned) return str_cat(subject, " ", verb, " ", degree, adjective);
  if (random.uniform() < 0.5) return str_cat(subject, " never ", verb, " ", degree, adjective);
  return str_cat(subject, " ", verb, " not ", degree, adjective);
}

struct Judgement {
  std::string sentence;
  bool positive = false;
};

Judgement judge(Random& random) {
  const bool positive = random.uniform() < 0.5;
  const double form = random.uniform();
  if (form < 0.4) return {str_cat(clause(positive, random), " ."), positive};
  const bool contrast = form < 0.75;
  const std::string first = clause(positive != contrast, random);
  return {str_cat(first, contrast ? " but " : " and ", clause(positive, random), " ."), positive};
}

struct Score {
  double nats = 0, accuracy = 0;
};

Score fill(LabelledText& part_text, int part, std::int64_t size, std::uint64_t seed) {
  Random random(stream_key(seed, "judgements", part_names[part]));
  part_text.classes = {"negative", "positive"};
  part_text.files = {"built-in judgements", "built-in judgements"};
  Score score;
  for (std::int64_t line = 1; line <= size; ++line) {
    const Judgement judgement = draw_for(
        part, [&] { return judge(random); }, [](const Judgement& j) { return j.sentence; });
    const bool wrong = random.uniform() < judgement_noise;
    part_text.sentences.push_back(judgement.sentence);
    part_text.labels.push_back(judgement.positive != wrong ? 1 : 0);
    part_text.lines.push_back(line);
    score.nats -= std::log(wrong ? judgement_noise : 1 - judgement_noise);
    score.accuracy += wrong ? 0 : 1 / static_cast<double>(size);
  }
  return score;
}

}  // namespace

LabelledCorpus judgements(std::uint64_t seed, const PartSizes& sizes) {
  LabelledCorpus corpus;
  fill(corpus.train, 0, sizes.train, seed);
  const Score valid = fill(corpus.valid, 1, sizes.valid, seed);
  const Score test = fill(corpus.test, 2, sizes.test, seed);
  corpus.valid_nats = valid.nats;
  corpus.valid_accuracy = valid.accuracy;
  corpus.test_nats = test.nats;
  corpus.test_accuracy = test.accuracy;
  return corpus;
}

}  // namespace abax::data
