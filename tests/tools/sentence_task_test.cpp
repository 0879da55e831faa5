// Sentences through whole runs in small: resumed bit for bit, described, scored, written again.
#include "tools/tasks/sentence_task.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/data/corpora/task_corpora.h"
#include "models/training/learner.h"
#include "tests/io/temporary_folder.h"
#include "tests/tools/short_runs.h"
#include "tools/saved_run.h"
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

TrainCall small(const TemporaryFolder& folder, const std::string& name,
                const std::string& options = "") {
  return with(short_run(folder / name, 14,
                        "--model text_vae --encoder-width 10 --decoder-width 8 --latents 3 "
                        "--length 16 --batch 7 --buckets 3 " +
                            options),
              {{"data", write(folder / "a.txt", 40) + "," + write(folder / "b.txt", 30)},
               {"split", "60,20,20"}});
}

Json last_line(const std::string& metrics) {
  const std::size_t end = metrics.find_last_not_of('\n');
  return parse_json(metrics.substr(metrics.rfind('\n', end) + 1, end - metrics.rfind('\n', end)));
}

/// The best checkpoint of a run, at work on its test part.
struct Tested {
  explicit Tested(const std::filesystem::path& folder) : run(open_run(folder, Which::best)) {
    create_for_use(run, store);
    task = open_test(run, {}, std::cerr);
  }
  Results score(const ScoreOptions& options, int threads = 1) {
    Workers workers(threads);
    return task->score(Part::test, store, workers, options);
  }
  SavedRun run;
  Variables store;
  std::unique_ptr<Task> task;
};

}  // namespace

TEST_CASE("sentence task: a run resumes in mid-pass, bit for bit") {
  // A temperature that follows the run's length would tell the shorter run apart.
  for (const char* latent : {"gaussian", "categorical --estimator rloo --samples 2"}) {
    CAPTURE(latent);
    const TemporaryFolder folder;
    const TrainCall o = small(folder, "whole", str_cat("--latent ", latent));
    train(o);
    train(with(o, {{"out", folder / "parts"}, {"steps", "9"}}));
    resume(folder / "parts", 14, /*threads=*/3);
    CHECK(equal_parameters(folder / "whole", folder / "parts"));
  }
}

TEST_CASE("sentence task: parts, classes, and what the model learns of them") {
  const TemporaryFolder folder;
  const TrainCall o = small(folder, "run");
  const auto task = make_task(o.settings);
  CHECK(task->unit() == "sentence");
  CHECK(task->loss_unit() == "nats a sentence");
  CHECK(task->description().find("42 sentences to train on, 14 to validate, 14 to test") !=
        std::string::npos);
  CHECK(task->description().find("2 classes") != std::string::npos);
  CHECK(task->model().value_of("vocabulary-size") == "11");  // 7 words, <unk>, <eos>, begin, end
  CHECK(task->model().value_of("decoder-context") == "16");
  double counted = 0;
  const data::BatchSource& source = *task->source(Part::train);
  for (std::int64_t i = 0; i < source.batches(); ++i) {
    const data::Batch batch = source.make(i);
    counted += static_cast<double>(batch.counted);
    CHECK(batch.input("labels").shape() == batch.input("lengths").shape());
  }
  CHECK(counted == 42);
  const LineBatches lines = task->lines(Part::test);
  CHECK(lines.line.size() == 14);
  CHECK(lines.batches->shapes()[0].batch == 1);

  // A checkpoint's files take the place of the training data.
  const Files files = task->files();
  const std::string one = write(folder / "one.txt", 3);
  const auto open = [&](const std::string& test) {
    return make_task(with(o, {{"test", test}}).settings, &files, Use::evaluate);
  };
  const auto unlabelled = open(one);  // one file has no labels
  const data::Batch first = unlabelled->source(Part::test)->make(0);
  CHECK(std::ranges::all_of(first.input("labels").as<std::int32_t>(),
                            [](std::int32_t label) { return label == -1; }));
  CHECK(open(one)->source(Part::train) == nullptr);
  const std::string a = folder / "a.txt", b = folder / "b.txt";
  CHECK(open(a + "," + b)->source(Part::test)->make(0).inputs.size() == 5);
  CHECK_THROWS_WITH_AS(open(b + "," + a), Contains("stands where that of a belongs"), UsageError);
  CHECK_THROWS_WITH_AS(open(a + "," + b + "," + one), Contains("knows 2 classes; files are 3"),
                       UsageError);
  const Files none;
  CHECK_THROWS_WITH_AS(make_task(o.settings, &none, Use::evaluate), Contains("of sentences"),
                       CheckpointError);
  CHECK_THROWS_WITH_AS(make_task(with(o, {{"length", "4"}}).settings), Contains("the limit is 4"),
                       DataError);
  CHECK_NOTHROW(make_task(with(o, {{"length", "4"}, {"too-long", "cut"}}).settings));
}

TEST_CASE("sentence task: what the run reports, its metrics file holds and the checkpoint gives") {
  const TemporaryFolder folder;
  const std::string out = train(small(folder, "run", "--no-quiet"));
  for (const char* said :
       {"nats a sentence", "perplexity_bound", "other_z_cost", "reconstruction  ",
        "new sentences, drawn from the prior", "encode --checkpoint"})
    CHECK_MESSAGE(out.find(said) != std::string::npos, said);
  const Json tested = last_line(read_file(folder / "run" / "metrics.jsonl"));
  const auto of = [&](const std::string& name) { return tested.at("test_" + name).number(); };
  CHECK(of("loss") == Approx(-of("elbo")));
  CHECK(of("loss") == Approx(of("kl") + of("reconstruction")));
  CHECK(of("perplexity_bound") == Approx(std::exp(-of("elbo") / of("tokens"))));
  CHECK(tested.find("test_perplexity") == nullptr);

  Tested test(folder / "run");
  const auto score = [&](const ScoreOptions& options, int threads = 1) {
    return test.score(options, threads);
  };
  const Results scores = score({});
  CHECK(scores == score({}, 3));
  for (const char* name : {"mutual_information", "other_z_cost", "bleu", "exact"}) {
    REQUIRE(scores.contains(name));
    CHECK(scores.at(name) == of(name));
  }
  CHECK(std::abs(scores.at("mutual_information")) < std::log(14) + 1e-9);
  CHECK(score({.wanted = "elbo"}).empty());  // dear ones are left out where nothing asks for them
  CHECK(score({.wanted = "exact"}).size() == 2);
  CHECK(score({.wanted = "other_z_cost"}).size() == 1);
  const double bound = score({.wanted = "elbo", .samples = 1}).at("iwae");
  CHECK(bound == Approx(of("elbo")).epsilon(0.05));
  CHECK(score({.wanted = "elbo", .samples = 30}).at("iwae") == Approx(bound).epsilon(0.05));

  LearnerConfig config;
  config.model = test.task->model();
  const data::BatchSource& source = *test.task->source(Part::test);
  config.check_shapes = source.shapes();
  Workers workers(1);
  Learner learner(test.store, config, workers);
  const Evaluation evaluation = learner.evaluate(source);
  CHECK(test.task->results(evaluation).at("kl") == Approx(of("kl")));
  CHECK(test.task->details(evaluation).at(0).second.array().size() == 3);
}

TEST_CASE("sentence task: drawn sentences by a language model, and by one trained on them") {
  const TemporaryFolder folder;
  small(folder, "files");
  train(with(short_run(folder / "run", 60,
                       "--model text_vae --decoder-width 8 --latents 0 --length 16 --batch 7 "
                       "--buckets 3 --lr 0.02"),
             {{"data", (folder / "a.txt").string() + "," + (folder / "b.txt").string()},
              {"split", "60,20,20"}}));
  Tested test(folder / "run");
  const auto perplexities = [&](const std::string& drawn, int threads = 1) {
    return test.score({.wanted = "none", .drawn = drawn}, threads);
  };
  const Results like_data = perplexities(write(folder / "like.txt", 60));
  CHECK(like_data == perplexities(folder / "like.txt", 3));
  CHECK(like_data.size() == 3);
  // The same few words over and over are no harder to foresee, and teach nothing of the data.
  std::string poor;
  for (int i = 0; i < 60; ++i) poor += "a a\n";
  write_file_atomically(folder / "poor.txt", poor);
  const Results of_poor = perplexities(folder / "poor.txt");
  CHECK(of_poor.at("reverse_perplexity") > 1.5 * like_data.at("reverse_perplexity"));
  CHECK(of_poor.at("data_perplexity") == like_data.at("data_perplexity"));
  const Json tested = last_line(read_file(folder / "run" / "metrics.jsonl"));
  CHECK(like_data.at("data_perplexity") ==
        Approx(std::exp(tested.at("test_loss").number() / tested.at("test_tokens").number())));

  const std::vector<std::string> next = test.task->next_commands("run");
  CHECK(std::ranges::none_of(next, [](const std::string& s) { return s.starts_with("encode"); }));
  train(small(folder, "latent"));
  CHECK_THROWS_WITH_AS(small(folder, "none", "--latents 0"),
                       Contains("--encoder-width means nothing to text_vae with --latents 0"),
                       UsageError);
  CHECK_THROWS_WITH_AS(Tested(folder / "latent").score({.drawn = folder / "like.txt"}),
                       Contains("--latents 0"), UsageError);
}

TEST_CASE("sentence task: discrete codes beside the labels of the files, the corpus's optimum") {
  const TemporaryFolder folder;
  train(small(folder, "run", "--latent categorical"));
  Tested test(folder / "run");
  const Results scores = test.score({.wanted = "homogeneity"});
  CHECK(scores.size() == 4);
  CHECK(scores.at("homogeneity_of_one_code") >= 0);
  CHECK(scores.at("homogeneity_of_one_code") <= scores.at("homogeneity"));
  CHECK(scores.at("homogeneity") <= 1);
  CHECK(scores.at("code_entropy") <= std::log(14) + 1e-9);  // of 14 sentences
  CHECK(scores.at("completeness") == test.score({}).at("completeness"));
  CHECK_FALSE(test.score({}).contains("mutual_information"));

  const auto task = make_task(
      with(small(folder, "moods"), {{"data", ""}, {"corpus", "moods"}, {"length", "40"}}).settings);
  CHECK(task->description().find("built-in moods") != std::string::npos);
  CHECK(*task->optimum(Part::test) == Approx(data::moods(1).test_nats / 1000));
  CHECK_FALSE(make_task(small(folder, "files").settings)->optimum(Part::test));
  // A model that is told the latent has the less to learn.
  const auto told = make_task(
      with(short_run(folder / "told", 3, "--model conditional_vae --corpus moods"), {}).settings);
  CHECK(*task->optimum(Part::test) - *told->optimum(Part::test) ==
        Approx(std::log(16)).epsilon(0.01));
}

}  // namespace abax
