// Tasks through whole runs in small: encoder-decoders, classifiers, memories, resumed bit for bit.
#include "tools/tasks/task.h"

#include <doctest/doctest.h>

#include <fstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "tests/io/temporary_folder.h"
#include "tests/tools/short_runs.h"
#include "tools/saved_run.h"

namespace abax {
namespace {

std::string write(const std::filesystem::path& path, const std::vector<std::string>& lines) {
  std::ofstream out(path);
  for (const std::string& line : lines) out << line << '\n';
  return path.string();
}

/// Sentences of 1 to 9 words, seeded.
std::vector<std::string> sentences(int count, std::string_view name) {
  Random random(stream_key(1, "test", name));
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) {
    std::string line;
    for (std::int64_t words = 1 + random.below(9); words > 0; --words) {
      if (!line.empty()) line += ' ';
      line += static_cast<char>('a' + random.below(7));
    }
    lines.push_back(line);
  }
  return lines;
}

TrainOptions small(const std::string& model, const std::filesystem::path& out) {
  TrainOptions o = short_run(out, 14);
  o.model = model;
  o.width = 12;
  o.heads = 2;
  o.dropout = 0.2;
  o.tokens = "words";
  o.length = 16;
  o.batch = 7;
  o.buckets = 3;
  return o;
}

/// Trains at once, and in two parts with another number of threads.
void check_resumes(TrainOptions o) {
  const std::string whole = o.out, parts = o.out + "-parts";
  train(o);
  o.out = parts;
  o.steps = 9;
  train(o);
  resume(parts, 14, /*threads=*/3);
  CHECK(open_run(whole).state.position == open_run(parts).state.position);
  CHECK(equal_parameters(whole, parts));
}

}  // namespace

TEST_CASE("tasks: an encoder-decoder over length buckets resumes in mid-pass, bit for bit") {
  for (const char* blocks : {"transformer", "lstm", "gru"}) {
    CAPTURE(blocks);
    const TemporaryFolder folder;
    TrainOptions o = small("seq2seq", folder.path() / "run");
    o.data = {write(folder.path() / "source.txt", sentences(60, "source")),
              write(folder.path() / "target.txt", sentences(60, "target"))};
    o.blocks = blocks;
    o.label_smoothing = 0.1;
    check_resumes(o);
  }
}

TEST_CASE("tasks: accumulated batches of different shapes, by tokens, resume too") {
  const TemporaryFolder folder;
  TrainOptions o = small("seq2seq", folder.path() / "run");
  o.data = {write(folder.path() / "source.txt", sentences(60, "source")),
            write(folder.path() / "target.txt", sentences(60, "target"))};
  o.batch_tokens = 60;
  o.accumulate = 2;
  o.average = 0.9;
  check_resumes(o);
  CHECK(open_run(folder.path() / "run").state.position == 28);
}

TEST_CASE("tasks: a classifier resumes, and over all folds each sentence is tested once") {
  const TemporaryFolder folder;
  TrainOptions o = small("classifier", folder.path() / "run");
  o.data = {write(folder.path() / "no.txt", sentences(31, "no")),
            write(folder.path() / "yes.txt", sentences(32, "yes"))};
  o.blocks = "lstm";
  o.bidirectional = true;
  check_resumes(o);
  double tested = 0;
  for (int fold = 1; fold <= 5; ++fold) {
    o.fold = text(fold, "/5");
    const auto task = make_task(o);
    const data::BatchSource& source = *task->source(Part::test);
    for (std::int64_t i = 0; i < source.batches(); ++i)
      tested += static_cast<double>(source.make(i).counted);
  }
  CHECK(tested == 63);
  for (const char* fold : {"0/5", "6/5", "5", "a/5", "1/"}) {
    o.fold = fold;
    CHECK_THROWS_AS(make_task(o), UsageError);
  }
}

TEST_CASE("tasks: a Transformer with memory resumes in mid-stream") {
  const TemporaryFolder folder;
  TrainOptions o = small("transformer_lm", folder.path() / "run");
  o.tokens = "characters";
  o.data = {write(folder.path() / "text.txt", sentences(200, "text"))};
  o.positions = "rotary";
  o.memory = 9;
  check_resumes(o);
}

TEST_CASE("tasks: wrong files are refused with what to do about them") {
  const TemporaryFolder folder;
  TrainOptions o = small("seq2seq", folder.path() / "run");
  const std::string one = write(folder.path() / "one.txt", sentences(9, "one"));
  const std::string two = write(folder.path() / "two.txt", sentences(10, "two"));
  o.data = {one};
  CHECK_THROWS_WITH_AS(make_task(o), doctest::Contains("two files"), UsageError);
  o.data = {one, two};
  CHECK_THROWS_WITH_AS(make_task(o), doctest::Contains("10"), DataError);
  o.data = {one, one};
  o.length = 4;
  CHECK_THROWS_WITH_AS(make_task(o), doctest::Contains("one.txt"), DataError);
  o.too_long = "cut";
  CHECK_NOTHROW(make_task(o));
  o.data.clear();
  o.corpus = "fables";
  CHECK_THROWS_WITH_AS(make_task(o), doctest::Contains("phrasebook"), UsageError);
  o.model = "transformer_lm";
  o.corpus = "questions";
  CHECK_THROWS_AS(make_task(o), UsageError);
}

}  // namespace abax
