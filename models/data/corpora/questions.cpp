// Stories, questions and answers about who is where and has what.
#include <vector>

#include "core/base/text.h"
#include "models/data/corpora/corpus_part.h"
#include "models/data/corpora/task_corpora.h"

namespace abax::data {
namespace {

constexpr std::string_view people[] = {"mary", "john", "sandra", "daniel"};
constexpr std::string_view rooms[] = {"garden", "kitchen", "hall", "office", "bedroom", "cellar"};
constexpr std::string_view objects[] = {"apple", "ball", "book", "lamp"};
constexpr std::string_view went[] = {"went to", "moved to", "walked to"};
constexpr std::string_view took[] = {"took", "picked up"};
constexpr std::string_view dropped[] = {"dropped", "put down"};
constexpr int people_count = std::size(people), object_count = std::size(objects);

/// What has happened so far; -1 is unknown or nobody.
class Story {
 public:
  explicit Story(Random& random)
      : random_(random),
        room_(people_count, -1),
        holder_(object_count, -1),
        lies_(object_count, -1) {
    const std::int64_t facts = 3 + random_.below(7);
    for (std::int64_t fact = 0; fact < facts; ++fact) happen();
  }

  const std::string& facts() const { return facts_; }

  /// A question of one of four kinds, each as likely where the story can answer it, and the answer.
  /// "What does mary have" is what makes a model tell the things apart: the others rarely do.
  std::pair<std::string, std::string> ask() {
    while (true) {
      const int thing = any(object_count), person = any(people_count);
      const int holder = holder_[at(thing)], lies = lies_[at(thing)];
      const bool seen = holder >= 0 || lies >= 0, met = room_[at(person)] >= 0;
      switch (any(4)) {
        case 0:
          if (!met) break;
          return {str_cat("where is ", people[person], " ?"), name(room_[at(person)])};
        case 1:
          if (!met) break;
          return {str_cat("what does ", people[person], " have ?"), things_of(person)};
        case 2:
          if (!seen) break;
          return {str_cat("where is the ", objects[thing], " ?"),
                  name(holder < 0 ? lies : room_[at(holder)])};
        default:
          if (!seen) break;
          return {str_cat("who has the ", objects[thing], " ?"),
                  holder < 0 ? "nobody" : std::string(people[holder])};
      }
    }
  }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  static std::string name(int room) { return std::string(rooms[room]); }
  /// "apple lamp", in the order of `objects`; "nothing".
  std::string things_of(int person) const {
    std::string things;
    for (int thing = 0; thing < object_count; ++thing) {
      if (holder_[at(thing)] != person) continue;
      if (!things.empty()) things += ' ';
      things += objects[thing];
    }
    return things.empty() ? "nothing" : things;
  }
  int any(std::int64_t count) { return static_cast<int>(random_.below(count)); }

  void add(std::string_view who, std::string_view does, std::string_view what) {
    facts_ += str_cat(facts_.empty() ? "" : " ", who, " ", does, " the ", what, " .");
  }

  /// Somebody goes somewhere else, takes what lies there or is not yet known, or drops what they
  /// have.
  void happen() {
    const int person = any(people_count), thing = any(object_count);
    const std::string_view who = people[person];
    int& room = room_[at(person)];
    int& holder = holder_[at(thing)];
    int& lies = lies_[at(thing)];
    if (room >= 0 && holder == person) {
      holder = -1;
      lies = room;
      return add(who, pick(dropped, random_), objects[thing]);
    }
    if (room >= 0 && holder < 0 && (lies < 0 || lies == room)) {
      holder = person;
      lies = -1;
      return add(who, pick(took, random_), objects[thing]);
    }
    const int old = room;
    while (room == old) room = any(std::size(rooms));
    add(who, pick(went, random_), rooms[room]);
  }

  Random& random_;
  std::vector<int> room_;           // of each person
  std::vector<int> holder_, lies_;  // of each object: the person who has it, the room where it lies
  std::string facts_;
};

void fill_questions(ParallelText& part_text, int part, std::int64_t size, std::uint64_t seed) {
  Random random(stream_key(seed, "questions", part_names[part]));
  for (std::int64_t line = 1; line <= size; ++line) {
    Story story = draw_for(
        part, [&] { return Story(random); }, [](const Story& s) { return s.facts(); });
    const auto [question, answer] = story.ask();
    part_text.source.push_back(story.facts() + " " + question);
    part_text.target.push_back(answer);
    part_text.lines.push_back(line);
  }
  part_text.source_name = part_text.target_name = "built-in questions";
}

}  // namespace

PairCorpus questions(std::uint64_t seed, const PartSizes& sizes) {
  PairCorpus corpus;
  fill_questions(corpus.train, 0, sizes.train, seed);
  fill_questions(corpus.valid, 1, sizes.valid, seed);
  fill_questions(corpus.test, 2, sizes.test, seed);
  return corpus;
}

}  // namespace abax::data
