// Autoencoders of targets that are given sources, through whole runs in small: resumed bit for bit,
// scored, their data chosen by a setting of the model.
#include "tools/tasks/pair_task.h"

#include <doctest/doctest.h>

#include <cmath>
#include <iostream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/data/corpora/task_corpora.h"
#include "tests/io/temporary_folder.h"
#include "tests/tools/short_runs.h"
#include "tools/saved_run.h"
#include "tools/tasks/sentence_task.h"
#include "tools/tasks/tasks.h"

namespace abax {
namespace {

using doctest::Approx;
using doctest::Contains;

/// A file of sentences of 1 to 9 words, seeded.
std::string write(const std::filesystem::path& path, int count) {
  Random random(stream_key(1, "test", path.filename().string()));
  std::string content;
  for (int i = 0; i < count; ++i) {
    for (std::int64_t words = random.below(9); words >= 0; --words)
      content += str_cat(static_cast<char>('a' + random.below(7)), words > 0 ? " " : "\n");
  }
  write_file_atomically(path, content);
  return path.string();
}

TrainCall small(const TemporaryFolder& folder, const std::string& options = "") {
  return with(short_run(folder / "run", 14,
                        "--model conditional_vae --condition source --encoder-width 8 "
                        "--decoder-width 8 --latents 3 --length 16 --batch 7 --buckets 3 " +
                            options),
              {{"data", write(folder / "a.txt", 70) + "," + write(folder / "b.txt", 70)},
               {"split", "60,20,20"}});
}

}  // namespace

TEST_CASE("pair task: a run resumes in mid-pass, bit for bit") {
  const TemporaryFolder folder;
  const TrainCall o = small(folder, "--word-dropout 0.2 --joint-vocabulary --shared-embeddings");
  train(o);
  train(with(o, {{"out", folder / "parts"}, {"steps", "9"}}));
  resume(folder / "parts", 14, /*threads=*/3);
  CHECK(equal_parameters(folder / "run", folder / "parts"));
}

TEST_CASE("pair task: what is said to whom, in nats a sentence; the corpus's optimum") {
  const TemporaryFolder folder;
  const TrainCall o = small(folder, "--shared-embeddings");  // of targets alone
  const auto task = make_task(o.settings);
  CHECK(task->unit() == "sentence");
  CHECK_FALSE(task->has_perplexity());
  CHECK(task->has_log_probabilities());
  CHECK(task->most_loss() == std::numeric_limits<double>::infinity());
  CHECK(task->model().value_of("source-vocabulary-size") == "10");  // 7 words, <unk>, <eos>, end
  CHECK(task->model().value_of("vocabulary-size") == "11");         // and begin
  CHECK(task->model().value_of("decoder-context") == "16");
  double counted = 0;
  const data::BatchSource& source = *task->source(Part::train);
  for (std::int64_t i = 0; i < source.batches(); ++i)
    counted += static_cast<double>(source.make(i).counted);
  CHECK(counted == 42);
  const LineBatches lines = task->lines(Part::test);
  CHECK(lines.line.size() == 14);
  CHECK(lines.batches->make(0).input("weights").size() == 1);

  const auto built_in = make_task(
      with(small(folder), {{"data", ""}, {"split", "90,5,5"}, {"length", "40"}}).settings);
  CHECK(built_in->description().find("built-in phrasebook") != std::string::npos);
  CHECK(*built_in->optimum(Part::test) == Approx(data::phrasebook(1).test_nats / 1000));
  CHECK_FALSE(task->optimum(Part::test));
}

TEST_CASE("pair task: what the run reports, the checkpoint gives, for any number of threads") {
  const TemporaryFolder folder;
  const std::string out = train(small(folder, "--no-quiet"));
  for (const char* said : {"nats a sentence", "perplexity_bound", "other_z_cost", "translation  ",
                           "of latents drawn from the prior", "--decodings 3"})
    CHECK_MESSAGE(out.find(said) != std::string::npos, said);
  const SavedRun run = open_run(folder / "run", Which::best);
  Variables store;
  create_for_use(run, store);
  const auto task = open_test(run, {}, std::cerr);
  const auto score = [&](const ScoreOptions& options, int threads = 1) {
    Workers workers(threads);
    return task->score(Part::test, store, workers, options);
  };
  const Results scores = score({.decodings = 3});
  CHECK(scores == score({.decodings = 3}, 3));
  for (const char* name : {"mutual_information", "other_z_cost", "bleu", "chrf", "exact",
                           "distinct_1", "distinct_2", "pairwise_bleu"})
    CHECK_MESSAGE(scores.contains(name), name);
  CHECK_FALSE(score({}).contains("distinct_1"));
  CHECK(score({.wanted = "elbo"}).empty());  // dear ones are left out where nothing asks for them
  CHECK(score({.wanted = "chrf"}).size() == 3);

  // Codes in the order of the pairs: each as of it alone.
  const auto& pairs = static_cast<const PairTask&>(*task);
  Workers workers(1);
  const Tensor codes = pairs.encoded(Part::test, store, workers, Codes::likeliest);
  REQUIRE(codes.shape() == Shape{14, 3});
  const data::ParallelText& text = pairs.pairs(Part::test);
  for (const std::size_t i : {0, 5, 13}) {
    write_file_atomically(folder / "s.txt", text.source[i] + "\n");
    write_file_atomically(folder / "t.txt", text.target[i] + "\n");
    const auto one = open_test(run, {folder / "s.txt", folder / "t.txt"}, std::cerr);
    const Tensor alone =
        static_cast<const PairTask&>(*one).encoded(Part::test, store, workers, Codes::likeliest);
    for (std::size_t k = 0; k < 3; ++k)
      CHECK(alone.as<float>()[k] == Approx(codes.as<float>()[3 * i + k]).epsilon(1e-5));
  }
  // Several targets of a source stand together, and are not all of one latent.
  const auto several = pairs.several(text.source, 4, {}, store, workers);
  CHECK(several.size() == 14);
  CHECK(several[13].size() == 4);
}

TEST_CASE("run settings: what a model is given chooses what it learns from") {
  const TrainCall label = run_of({"--model", "conditional_vae"});
  CHECK(label.settings.data.get<SentenceData>());
  // In whatever order they are given, also where another corpus has the same option.
  const TrainCall source =
      run_of({"--corpus", "questions", "--joint-vocabulary", "--tokens", "characters", "--too-long",
              "cut", "--model", "conditional_vae", "--condition", "source"});
  const TranslationData& data = source.settings.data_as<PairData>().pairs;
  CHECK(data.corpus == "questions");
  CHECK(data.joint_vocabulary);
  CHECK(data.text.tokens == "characters");
  CHECK(data.sentences.length == 40);  // the model's default
  CHECK(make_task(source.settings)->description().find("questions") != std::string::npos);
  CHECK_THROWS_WITH_AS(
      run_of({"--model", "conditional_vae", "--condition", "source", "--corpus", "moods"}),
      Contains("phrasebook"), UsageError);
  CHECK_THROWS_WITH_AS(run_of({"--model", "conditional_vae", "--joint-vocabulary"}),
                       Contains("--condition source"), UsageError);
  // Settings that were put together by hand and do not fit are told so.
  RunSettings mixed = source.settings;
  mixed.data = SentenceData{};
  CHECK_THROWS_WITH_AS(make_task(mixed), Contains("not of the task 'pairs'"), UsageError);
}

TEST_CASE("pair task: other than a source and a target that agree is refused") {
  const TemporaryFolder folder;
  const TrainCall o = small(folder);
  const std::string a = folder / "a.txt", b = folder / "b.txt", few = write(folder / "few.txt", 69);
  const auto open = [&](const std::string& data) { make_task(with(o, {{"data", data}}).settings); };
  CHECK_THROWS_WITH_AS(open(a), Contains("two files, a source and a target, not 1"), UsageError);
  CHECK_THROWS_WITH_AS(open(a + "," + b + "," + a), Contains("not 3"), UsageError);
  CHECK_THROWS_WITH_AS(open(few + "," + b), Contains("has 69 lines"), DataError);
  CHECK_THROWS_WITH_AS(make_task(with(o, {{"length", "4"}}).settings), Contains("the limit is 4"),
                       DataError);
  CHECK_NOTHROW(make_task(with(o, {{"length", "4"}, {"too-long", "cut"}}).settings));
}

}  // namespace abax
