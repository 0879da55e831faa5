// Whole runs on rewards in small: what they raise, resumed bit for bit, chosen by BLEU.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <numeric>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "tests/io/temporary_folder.h"
#include "tests/tools/short_runs.h"
#include "tools/saved_run.h"
#include "tools/tasks/tasks.h"
#include "tools/training/rewards.h"
#include "tools/training/training_run.h"

namespace abax {
namespace {

/// Lines of 2 to 6 words of six.
std::string write_lines(const std::filesystem::path& path, int count) {
  Random random(stream_key(1, "test", "lines"));
  std::ofstream out(path);
  for (int i = 0; i < count; ++i)
    for (std::int64_t words = 1 + random.below(5); words >= 0; --words)
      out << "word" << random.below(6) << (words > 0 ? ' ' : '\n');
  return path.string();
}

/// Of lines that are to be copied, which lie beside it.
TrainCall copying(const std::filesystem::path& out, std::int64_t steps,
                  const std::string& options = "") {
  const std::string lines = write_lines(out.parent_path() / "lines.txt", 400);
  return short_run(out, steps,
                   str_cat("--model seq2seq --blocks gru --width 24 --length 8 --batch 16 "
                           "--buckets 2 --split 70,15,15 --data ",
                           lines, ",", lines, " ", options));
}

/// The values of a metric, line by line.
std::vector<double> values_of(const std::filesystem::path& run, std::string_view metric) {
  std::istringstream lines(read_file(run / "metrics.jsonl"));
  std::vector<double> values;
  for (std::string line; std::getline(lines, line);) {
    const Json json = parse_json(line);
    if (const Json* const found = json.find(metric)) values.push_back(found->number());
  }
  return values;
}

}  // namespace

TEST_CASE("rewards: a run on them raises what greedy decoding reaches, by each estimator") {
  const TemporaryFolder folder;
  const auto base = folder.path() / "base";
  train(copying(base, 100));
  const double exact = values_of(base, "test_exact").at(0), bleu = values_of(base, "test_bleu")[0];
  for (const std::string options :
       {"--reward exact --reward-estimator leave-one-out",
        "--reward bleu --reward-estimator self-critical",
        "--reward bleu --reward-estimator minimum-risk --reward-sharpness 0.5"}) {
    CAPTURE(options);
    const auto run = folder.path() / options.substr(options.rfind("--reward-estimator") + 19, 6);
    train(
        copying(run, 300,
                str_cat(options, " --likelihood-weight 0 --lr 0.001 --init-from ", base.string())));
    MESSAGE(options, ": exact ", exact, " to ", values_of(run, "test_exact").at(0), ", BLEU ", bleu,
            " to ", values_of(run, "test_bleu").at(0));
    CHECK(values_of(run, "test_exact").at(0) > exact + 0.2);
    CHECK(values_of(run, "test_bleu").at(0) > bleu + 20);
    CHECK(values_of(run, "reward").size() == 300);
    CHECK(values_of(run, "reward").back() > values_of(run, "reward").front() + 0.1);
    CHECK(values_of(run, "baseline").size() == 300);
    CHECK(values_of(run, "estimator_variance").size() == 300);
    CHECK(values_of(run, "sentences_per_second").size() == 300);
  }
}

TEST_CASE("rewards: a resumed run is the unbroken one, bit for bit, on any number of threads") {
  for (const std::string options :
       {"--model seq2seq --blocks gru --width 12 --dropout 0.2 --accumulate 2 --reward bleu",
        "--model text_vae --encoder-width 10 --decoder-width 8 --latents 3 --word-dropout 0.1 "
        "--reward exact --reward-estimator minimum-risk",
        "--model conditional_vae --encoder-width 10 --decoder-width 8 --latents 3 --reward bleu "
        "--reward-estimator self-critical"}) {
    CAPTURE(options);
    const TemporaryFolder folder;
    const std::string lines = write_lines(folder.path() / "lines.txt", 60);
    const auto whole = folder.path() / "whole", parts = folder.path() / "parts";
    const TrainCall o =
        short_run(whole, 9,
                  str_cat(options, " --length 8 --batch 7 --buckets 2 --data ", lines,
                          options.find("seq2seq") < options.size() ? str_cat(",", lines) : ""));
    train(o);
    train(with(o, {{"out", parts.string()}, {"steps", "5"}}));
    resume(parts, 9, /*threads=*/3);
    CHECK(equal_parameters(whole, parts));
    train(with(o, {{"out", folder / "other"}, {"seed", "2"}}));
    CHECK_FALSE(equal_parameters(whole, folder.path() / "other"));
  }
}

TEST_CASE("rewards: a classifier's opinion rises, of lines by class, resumed bit for bit") {
  const TemporaryFolder folder;
  // All words come in both classes, two of them more often in one.
  Random random(stream_key(1, "test", "classes"));
  std::string files;
  for (const int kind : {0, 1}) {
    const auto path = folder.path() / (kind == 0 ? "left.txt" : "right.txt");
    std::ofstream out(path);
    for (int i = 0; i < 150; ++i)
      for (std::int64_t words = 2; words >= 0; --words)
        out << (random.below(4) == 0 ? "east " : "")
            << ((random.below(4) == 0) == (kind == 0) ? "west" : "south")
            << (words > 0 ? ' ' : '\n');
    files = str_cat(files, kind == 0 ? "" : ",", path.string());
  }
  const auto judge = folder.path() / "judge", run = folder.path() / "run";
  train(short_run(judge, 100,
                  "--model classifier --blocks gru --width 12 --length 12 --batch 20 "
                  "--data " +
                      files));
  const TrainCall o =
      short_run(run, 150,
                str_cat("--model conditional_vae --encoder-width 16 --decoder-width 16 "
                        "--latents 3 --length 12 --batch 20 --buckets 2 --data ",
                        files, " --reward classifier --likelihood-weight 0 --reward-classifier ",
                        judge.string()));
  train(o);
  const std::vector<double> rewards = values_of(run, "reward");
  const double first = std::accumulate(rewards.begin(), rewards.begin() + 5, 0.) / 5;
  const double last = std::accumulate(rewards.end() - 5, rewards.end(), 0.) / 5;
  MESSAGE(first, " to ", last);
  CHECK(first < 0.75);
  CHECK(last > 0.9);
  const auto parts = folder.path() / "parts";
  train(with(o, {{"out", parts.string()}, {"steps", "20"}}));
  resume(parts, 150, /*threads=*/3);
  CHECK(equal_parameters(run, parts));
  // A judge that has changed would go on with another reward.
  train(short_run(
      folder.path() / "other", 90,
      "--model classifier --blocks gru --width 12 --length 12 --batch 20 --data " + files));
  std::filesystem::rename(judge, folder.path() / "kept");
  std::filesystem::rename(folder.path() / "other", judge);
  std::ostringstream said;
  TrainingRun again(run_of({"--resume", parts.string(), "--steps", "160"}), said);
  CHECK_THROWS_WITH_AS(again.train(), doctest::Contains("reward-classifier"), DataError);
  std::filesystem::remove_all(judge);
  std::filesystem::rename(folder.path() / "kept", judge);

  // One line by two classes, whose probabilities sum to 1; and none, which is of no class.
  const auto task = make_task(o.settings);
  Workers workers(1);
  const RewardConfig config = reward_config(o.settings, *task, {}, workers);
  std::vector<std::int64_t> rows{-1, -1};  // of the first batch, one a class
  for (std::int64_t row = 0; row < task->source(Part::train)->make(0).counted; ++row)
    rows[static_cast<std::size_t>(task->written()->label(0, row))] = row;
  const std::vector<std::int32_t> tokens{1, 2, 2};
  const std::vector<double> both = config.rewards(std::vector<DrawnSequence>{
      {.source = {}, .reference = {}, .tokens = tokens, .position = 0, .row = rows[0]},
      {.source = {}, .reference = {}, .tokens = tokens, .position = 0, .row = rows[1]},
      {.source = {}, .reference = {}, .tokens = {}, .position = 0, .row = rows[1]}});
  CHECK(both[0] + both[1] == doctest::Approx(1));
  CHECK(std::abs(both[0] - both[1]) > 0.1);
  CHECK(both[2] == 0);

  const auto refused = [&](const TrainCall& call, const char* what) {
    std::ostringstream out;
    CHECK_THROWS_WITH_AS(TrainingRun(call, out), doctest::Contains(what), Error);
  };
  const std::string one = (folder.path() / "left.txt").string();
  refused(with(o, {{"data", one}}), "have no classes");
  refused(with(o, {{"data", str_cat(one, ",", write_lines(folder.path() / "other.txt", 50))}}),
          "those that the classifier knows left,right");
  refused(with(o, {{"reward-classifier", run.string()}}), "holds a conditional_vae, no classifier");
  refused(with(o, {{"reward-classifier", (folder.path() / "none").string()}}), "none");
  CHECK_THROWS_WITH_AS(short_run(run, 9, "--model text_vae --reward classifier"),
                       doctest::Contains("--reward-classifier RUN"), UsageError);
}

TEST_CASE("rewards: the best checkpoint is the one whose validation has the best BLEU") {
  const TemporaryFolder folder;
  const auto run = folder.path() / "run";
  // A rate at which BLEU rises and falls.
  train(copying(run, 60, "--best bleu --eval-every 10 --lr 0.05"));
  const std::vector<double> found = values_of(run, "valid_bleu");
  REQUIRE(found.size() == 6);
  const auto best = std::ranges::max_element(found);
  CHECK(*best > 0);
  CHECK(open_run(run).state.best == *best);
  CHECK(open_run(run, Which::best).state.step == 10 * (1 + (best - found.begin())));
}

TEST_CASE("rewards: a run is described and rehearsed, and what does not fit is refused") {
  const TemporaryFolder folder;
  std::ostringstream out;
  TrainCall call = copying(folder / "run", 20, "--reward bleu");
  TrainingRun(call, out).describe();
  CHECK(out.str().find("steps a second, as just measured") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "run"));
  const auto refused = [&](const std::string& options, const char* what) {
    CAPTURE(options);
    CHECK_THROWS_WITH_AS(short_run(folder / "run", 20, options), doctest::Contains(what),
                         UsageError);
  };
  refused("--model classifier --reward bleu", "--reward means nothing to classifier");
  refused("--model vqvae --reward bleu", "--reward means nothing to vqvae");
  refused("--model seq2seq --reward bleu --reward-samples 1", "needs two at least");
  refused("--model seq2seq --reward chrf", "bleu");
  refused("--model text_vae --reward bleu --encoder-steps 3", "--encoder-steps");
  refused("--model seq2seq --likelihood-weight 1", "with --reward none");
  // What is learnt from does not change when a run goes on.
  train(copying(folder / "run", 2));
  CHECK_THROWS_WITH_AS(run_of({"--resume", folder / "run", "--reward", "bleu"}),
                       doctest::Contains("--init-from"), UsageError);
}

}  // namespace abax
