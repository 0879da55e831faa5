// Tasks through whole runs in small: encoder-decoders, classifiers, memories, resumed bit for bit.
#include "tools/tasks/tasks.h"

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

const std::string sizes = " --width 12 --dropout 0.2 --length 16 --batch 7 ";

/// On pairs of sentences that lie beside it.
TrainCall small_translation(const std::filesystem::path& out, const std::string& options) {
  const auto folder = out.parent_path();
  const std::string source = write(folder / "source.txt", sentences(60, "source"));
  const std::string target = write(folder / "target.txt", sentences(60, "target"));
  return short_run(
      out, 14,
      "--model seq2seq --buckets 3" + sizes + options + " --data " + source + "," + target);
}

/// Trains at once, and in two parts with another number of threads.
void check_resumes(const TrainCall& o) {
  const std::string whole = folder_of(o), parts = whole + "-parts";
  train(o);
  train(with(o, {{"out", parts}, {"steps", "9"}}));
  resume(parts, 14, /*threads=*/3);
  CHECK(open_run(whole).state.position == open_run(parts).state.position);
  CHECK(equal_parameters(whole, parts));
}

}  // namespace

TEST_CASE("tasks: an encoder-decoder over length buckets resumes in mid-pass, bit for bit") {
  for (const char* blocks : {"transformer --heads 2", "lstm", "gru"}) {
    CAPTURE(blocks);
    const TemporaryFolder folder;
    check_resumes(
        small_translation(folder / "run", str_cat("--label-smoothing 0.1 --blocks ", blocks)));
  }
}

TEST_CASE("tasks: accumulated batches of different shapes, by tokens, resume too") {
  const TemporaryFolder folder;
  check_resumes(small_translation(folder / "run",
                                  "--heads 2 --batch-tokens 60 --accumulate 2 --average 0.9"));
  CHECK(open_run(folder.path() / "run").state.position == 28);
}

TEST_CASE("tasks: a classifier resumes, and over all folds each sentence is tested once") {
  const TemporaryFolder folder;
  const std::string no = write(folder / "no.txt", sentences(31, "no"));
  const std::string yes = write(folder / "yes.txt", sentences(32, "yes"));
  const TrainCall o = short_run(folder / "run", 14,
                                "--model classifier --blocks lstm --bidirectional --buckets 3" +
                                    sizes + "--data " + no + "," + yes);
  check_resumes(o);
  double tested = 0;
  for (int fold = 1; fold <= 5; ++fold) {
    const auto task = make_task(with(o, {{"fold", str_cat(fold, "/5")}}).settings);
    const data::BatchSource& source = *task->source(Part::test);
    for (std::int64_t i = 0; i < source.batches(); ++i)
      tested += static_cast<double>(source.make(i).counted);
  }
  CHECK(tested == 63);
  for (const char* fold : {"0/5", "6/5", "5", "a/5", "1/"})
    CHECK_THROWS_AS(make_task(with(o, {{"fold", fold}}).settings), UsageError);
}

TEST_CASE("tasks: a Transformer with memory resumes in mid-stream") {
  const TemporaryFolder folder;
  check_resumes(
      short_run(folder / "run", 14,
                "--model transformer_lm --heads 2 --positions rotary --memory 9 --windows streams" +
                    sizes + "--data " + write(folder / "text.txt", sentences(200, "text"))));
}

TEST_CASE("tasks: wrong files are refused with what to do about them") {
  const TemporaryFolder folder;
  const TrainCall o = short_run(folder / "run", 14, "--model seq2seq" + sizes);
  const std::string one = write(folder.path() / "one.txt", sentences(9, "one"));
  const std::string two = write(folder.path() / "two.txt", sentences(10, "two"));
  const auto open = [&](const std::vector<std::pair<std::string, std::string>>& changes) {
    make_task(with(o, changes).settings);
  };
  CHECK_THROWS_WITH_AS(open({{"data", one}}), doctest::Contains("two files"), UsageError);
  CHECK_THROWS_WITH_AS(open({{"data", one + "," + two}}), doctest::Contains("10"), DataError);
  const std::string same = one + "," + one;
  CHECK_THROWS_WITH_AS(open({{"data", same}, {"length", "4"}}), doctest::Contains("one.txt"),
                       DataError);
  CHECK_NOTHROW(open({{"data", same}, {"length", "4"}, {"too-long", "cut"}}));
  CHECK_THROWS_WITH_AS(run_of({"--model", "seq2seq", "--corpus", "fables"}),
                       doctest::Contains("phrasebook"), UsageError);
  CHECK_THROWS_AS(run_of({"--model", "transformer_lm", "--corpus", "questions"}), UsageError);
}

}  // namespace abax
