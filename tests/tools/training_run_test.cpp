// Whole training runs in small: resuming, validating, stopping on bad data.
#include "tools/training/training_run.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/safetensors.h"
#include "tests/io/temporary_folder.h"
#include "tests/tools/short_runs.h"

namespace abax {
namespace {

TrainCall small(const std::filesystem::path& out, const std::string& options = "") {
  return short_run(out, 12, "--width 13 --layers 2 --dropout 0.3 --batch 3 --length 5 " + options);
}

/// A text whose passes end in mid-run, with a last window that is not full.
std::string write_text(const std::filesystem::path& folder, std::size_t size = 400) {
  std::string content;
  Random random(stream_key(1, "test", "text"));
  while (content.size() < size)
    content += random.below(9) == 0 ? '\n' : static_cast<char>('a' + random.below(7));
  const auto path = folder / "text.txt";
  std::ofstream(path) << content;
  return path.string();
}

/// One on a text of its own, which lies beside it.
TrainCall small_on_text(const std::filesystem::path& out, const std::string& options = "") {
  return with(small(out, options), {{"data", write_text(out.parent_path())}});
}

/// One that learns its text by heart, so that the validation's loss rises.
TrainCall by_heart(const std::filesystem::path& out) {
  return with(small_on_text(out, "--split 50,50,0"), {{"steps", "400"},
                                                      {"dropout", "0"},
                                                      {"width", "24"},
                                                      {"eval-every", "10"},
                                                      {"patience", "3"}});
}

std::string weights(const std::filesystem::path& run) {
  return read_file(checkpoint_path(run) / "variables.safetensors");
}

}  // namespace

TEST_CASE(
    "training: a resumed run is the unbroken one, bit for bit, with dropout and in mid-pass") {
  const TemporaryFolder folder;
  const TrainCall o = small_on_text(folder / "whole", "--split 80,20,0");
  train(o);
  train(with(o, {{"out", folder / "parts"}, {"steps", "7"}}));
  CHECK_FALSE(weights(folder.path() / "whole") == weights(folder.path() / "parts"));
  resume(folder.path() / "parts", 12);
  CHECK(equal_parameters(folder.path() / "whole", folder.path() / "parts"));
  const SavedRun parts = open_run(folder.path() / "parts");
  CHECK(parts.checkpoint.contents().data_position == 12);
}

TEST_CASE("training: a run of passes that take fewer steps than the warm-up can be resumed") {
  const TemporaryFolder folder;
  const auto run = folder / "run";
  train(with(small_on_text(run), {{"steps", "0"}, {"epochs", "1"}, {"warmup", "100"}}));
  const TrainingSettings training = open_run(run).settings.training;
  CHECK(training.steps < 100);
  CHECK(training.rate.warmup == training.steps);
  resume(run, training.steps + 1);
  CHECK(open_run(run).state.step == training.steps + 1);
}

TEST_CASE("training: weights to begin from are the best ones, averaged") {
  const TemporaryFolder folder;
  TrainCall first = with(by_heart(folder / "first"), {{"average", "0.9"}});
  train(first);
  const SavedRun best = open_run(folder.path() / "first", Which::best);
  CHECK(best.state.step < open_run(folder.path() / "first").state.step);
  train(with(first, {{"steps", "1"}, {"out", folder / "second"}, {"init-from", folder / "first"}}));
  const SavedRun begun = open_run(folder.path() / "second/last.1");
  REQUIRE(begun.state.step == 0);
  const SafetensorsFile& there = best.checkpoint.variables();
  int compared = 0;
  for (const SafetensorsEntry& entry : begun.checkpoint.variables().entries()) {
    if (begun.checkpoint.role_of(entry) != Role::trainable) continue;
    const Tensor a = begun.checkpoint.variables().read(entry.name);
    const Tensor b = there.read("average/" + entry.name);
    CHECK(std::ranges::equal(a.as<float>(), b.as<float>()));
    ++compared;
  }
  CHECK(compared > 2);
}

TEST_CASE("training: codebooks start from data once; resumed runs and loaded weights keep theirs") {
  const TemporaryFolder folder;
  const TrainCall o = short_run(
      folder / "whole", 6,
      "--model vqvae --hidden 16 --codes 8 --code-width 4 --batch 16 --restart-below 0.5");
  train(o);
  train(with(o, {{"out", folder / "parts"}, {"steps", "3"}}));
  resume(folder.path() / "parts", 6);
  CHECK(equal_parameters(folder.path() / "whole", folder.path() / "parts"));
  // The first checkpoint is that of the start, with the codebooks that begin there.
  const auto begun = folder.path() / "begun";
  std::filesystem::create_directory(begun);
  std::filesystem::rename(folder.path() / "parts/last.2", begun / "last");
  CHECK(open_run(begun).state.step == 0);
  resume(begun, 6);
  CHECK(equal_parameters(folder.path() / "whole", begun));
  const auto codebook = [&](const char* run) {
    return open_run(folder.path() / run).checkpoint.variables().read("codebook");
  };
  const auto difference = [](const Tensor& a, const Tensor& b) {
    double most = 0;
    for (std::size_t i = 0; i < a.as<float>().size(); ++i)
      most = std::max(most, std::abs(double{a.as<float>()[i]} - double{b.as<float>()[i]}));
    return most;
  };
  for (const std::string start : {"data", "random"}) {
    const TrainCall one = with(o, {{"steps", "1"},
                                   {"restart-below", "0"},
                                   {"codebook-start", start},
                                   {"out", folder / start}});
    train(one);
    train(with(one, {{"init-from", folder / "whole"}, {"out", folder / ("from " + start)}}));
  }
  CHECK(difference(codebook("data"), codebook("random")) > 0.1);
  CHECK(difference(codebook("from data"), codebook("from random")) == 0);
  CHECK(difference(codebook("from data"), codebook("whole")) < 0.1);
  CHECK(difference(codebook("from data"), codebook("whole")) > 0);
}

TEST_CASE("training: how often is validated, and on how many threads, changes no weight") {
  const TemporaryFolder folder;
  const TrainCall o = small_on_text(folder / "a", "--split 80,20,0");
  train(o);
  train(with(o, {{"out", folder / "b"}, {"eval-every", "1"}}));
  train(with(o, {{"out", folder / "c"}, {"eval-every", "1"}, {"threads", "5"}}));
  CHECK(equal_parameters(folder.path() / "a", folder.path() / "b"));
  CHECK(equal_parameters(folder.path() / "a", folder.path() / "c"));
  train(with(o, {{"out", folder / "d"}, {"seed", "2"}}));
  CHECK_FALSE(equal_parameters(folder.path() / "a", folder.path() / "d"));
}

TEST_CASE("training: accumulated batches make one update, resumed too") {
  const TemporaryFolder folder;
  const TrainCall o = with(small_on_text(folder / "whole", "--accumulate 3"), {{"steps", "6"}});
  train(o);
  const SavedRun finished = open_run(folder.path() / "whole");
  CHECK(finished.checkpoint.contents().data_position == 18);
  train(with(o, {{"out", folder / "parts"}, {"steps", "3"}}));
  resume(folder.path() / "parts", 6);
  CHECK(equal_parameters(folder.path() / "whole", folder.path() / "parts"));
}

TEST_CASE("training: starts from the weights of another run, and leaves the frozen ones") {
  const TemporaryFolder folder;
  const TrainCall o = small_on_text(folder / "first");
  train(o);
  const TrainCall frozen =
      with(o, {{"init-from", folder / "first"}, {"out", folder / "second"}, {"freeze", "lstm"}});
  train(frozen);
  const SavedRun first = open_run(folder.path() / "first");
  const SavedRun second = open_run(folder.path() / "second");
  const auto equal = [&](const char* name) {
    const Tensor x = first.checkpoint.variables().read(name);
    const Tensor y = second.checkpoint.variables().read(name);
    return std::ranges::equal(x.as<float>(), y.as<float>());
  };
  CHECK(equal("lstm0/recurrent_weight"));
  CHECK(equal("lstm1/bias"));
  CHECK_FALSE(equal("embedding"));
  std::ostringstream out;
  CHECK_THROWS_AS(TrainingRun(with(frozen, {{"freeze", "ltsm"}}), out), UsageError);
}

TEST_CASE("training: takes parts of another run's weights, and begins the rest anew") {
  const TemporaryFolder folder;
  const TrainCall o = small_on_text(folder / "first");
  train(o);
  const TrainCall begun = with(o, {{"init-from", folder / "first"},
                                   {"init-parts", "lstm1,embedding"},
                                   {"seed", "2"},
                                   {"steps", "1"},
                                   {"out", folder / "begun"}});
  train(begun);
  const SavedRun first = open_run(folder.path() / "first", Which::best);
  const SavedRun start = open_run(folder.path() / "begun/last.1");
  REQUIRE(start.state.step == 0);
  const auto equal = [&](const char* name) {
    const Tensor x = first.checkpoint.variables().read(name);
    const Tensor y = start.checkpoint.variables().read(name);
    return std::ranges::equal(x.as<float>(), y.as<float>());
  };
  CHECK(equal("lstm1/recurrent_weight"));
  CHECK(equal("embedding"));
  CHECK_FALSE(equal("lstm0/recurrent_weight"));
  std::ostringstream out;
  CHECK_THROWS_WITH_AS(TrainingRun(with(begun, {{"init-parts", "ltsm"}}), out),
                       doctest::Contains("ltsm"), UsageError);
  CHECK_THROWS_WITH_AS(TrainingRun(with(begun, {{"width", "12"}}), out), doctest::Contains("f32["),
                       CheckpointError);
  // Codebooks start from data by the encoder that was taken.
  const TrainCall images = short_run(
      folder / "codes", 3, "--model vqvae --hidden 16 --codes 8 --code-width 4 --batch 16");
  train(images);
  const auto codebook_after = [&](const char* parts) {
    train(with(images, {{"init-from", folder / "codes"},
                        {"init-parts", parts},
                        {"steps", "1"},
                        {"out", folder / parts}}));
    return open_run(folder.path() / parts / "last.1").checkpoint.variables().read("codebook");
  };
  const Tensor trained =
      open_run(folder.path() / "codes", Which::best).checkpoint.variables().read("codebook");
  const Tensor taken = codebook_after("codebook"), anew = codebook_after("encoder");
  CHECK(std::ranges::equal(taken.as<float>(), trained.as<float>()));
  CHECK_FALSE(std::ranges::equal(anew.as<float>(), trained.as<float>()));
}

TEST_CASE("training: an encoder's own batches come before each update, resumed too") {
  const TemporaryFolder folder;
  const TrainCall o = short_run(folder / "whole", 6,
                                "--model gaussian_vae --hidden 16 --latents 3 --batch 16 "
                                "--encoder-steps 25 --encoder-warmup 4");
  train(o);
  train(with(o, {{"out", folder / "parts"}, {"steps", "3"}}));
  resume(folder.path() / "parts", 6);
  CHECK(equal_parameters(folder / "whole", folder / "parts"));
  std::istringstream metrics(read_file(folder.path() / "whole/metrics.jsonl"));
  std::vector<std::int64_t> of_encoder;
  std::int64_t total = 0;
  for (std::string line; std::getline(metrics, line);) {
    const Json json = parse_json(line);
    if (!json.find("gradient_norm")) continue;
    const Json* batches = json.find("encoder_batches");
    of_encoder.push_back(batches ? batches->integer() : 0);
    total += 1 + of_encoder.back();
  }
  REQUIRE(of_encoder.size() == 6);
  // After 20 batches at the earliest it is seen that their loss does not fall.
  for (std::size_t step = 0; step < 6; ++step) {
    CHECK(of_encoder[step] >= (step < 4 ? 20 : 0));
    CHECK(of_encoder[step] <= (step < 4 ? 25 : 0));
  }
  CHECK(open_run(folder.path() / "whole").state.position == total);
  // What has no encoder has nothing of the kind.
  std::ostringstream out;
  CHECK_THROWS_WITH_AS(TrainingRun(small(folder / "text", "--encoder-steps 2"), out),
                       doctest::Contains("encoder/"), UsageError);
}

TEST_CASE("training: a run that began with another's weights goes on as an unbroken one") {
  const TemporaryFolder folder;
  const TrainCall o = small_on_text(folder / "first");
  train(o);
  const TrainCall whole = with(o, {{"init-from", folder / "first"}, {"out", folder / "whole"}});
  train(whole);
  train(with(whole, {{"out", folder / "parts"}, {"steps", "7"}}));
  std::filesystem::rename(folder / "first", folder / "gone");  // its weights are not needed again
  resume(folder / "parts", 12);
  CHECK(equal_parameters(folder / "whole", folder / "parts"));
}

TEST_CASE("training: a rate that is far too high ends as diverged, and the last checkpoint stays") {
  const TemporaryFolder folder;
  const TrainCall o =
      small_on_text(folder / "run", "--optimiser sgd --clip 0 --save-every 1 --lr 1e30");
  std::ostringstream out;
  TrainingRun run(with(o, {{"steps", "60"}}), out);
  CHECK_THROWS_AS(run.train(), DivergedError);
  CHECK_NOTHROW(open_run(folder.path() / "run"));
}

TEST_CASE("training: the best checkpoint is kept, and patience ends a run that gets worse") {
  const TemporaryFolder folder;
  const TrainCall o = by_heart(folder / "run");
  train(o);
  const SavedRun last = open_run(folder.path() / "run");
  const SavedRun best = open_run(folder.path() / "run", Which::best);
  CHECK(last.state.step < 400);
  CHECK(best.state.step == last.state.step - 30);
  REQUIRE(best.state.best.has_value());
  CHECK(last.state.best == best.state.best);
  CHECK(last.state.since_best == 3);
  // More patience lets it go on.
  train(run_of({"--resume", folder / "run", "--patience", "4"}));
  CHECK(open_run(folder.path() / "run").state.step == last.state.step + 10);
  std::ostringstream out;
  TrainingRun run(with(o, {{"out", folder / "other"}, {"best", "bleu"}}), out);
  CHECK_THROWS_AS(run.train(), UsageError);
}

TEST_CASE("training: a validation that is no number is not the best one, then or later") {
  const TemporaryFolder folder;
  const TrainCall sound =
      small_on_text(folder / "other", "--split 80,20,0 --optimiser sgd --eval-every 1");
  // One step, and the weights are no numbers.
  const TrainCall o = with(
      sound, {{"out", folder / "run"}, {"clip", "0"}, {"lr", "1e38"}, {"weight-decay", "1e9"}});
  std::ostringstream out;
  CHECK_THROWS_AS(TrainingRun(o, out).train(), DivergedError);
  const std::string metrics = read_file(folder.path() / "run" / "metrics.jsonl");
  CHECK(metrics.find("\"valid_loss\":null") != metrics.npos);
  CHECK_FALSE(std::filesystem::exists(best_path(folder / "run")));

  // Of a run that took it for the best one.
  const auto run = folder / "other";
  train(with(sound, {{"steps", "3"}}));
  Variables store;
  Checkpoint saved;
  {
    const CheckpointReader reader(checkpoint_path(run));
    reader.create(store);
    saved = reader.contents();
  }
  saved.values["state.best"] = "nan";
  save_checkpoint(checkpoint_path(run), saved, store);
  resume(run, 4);
  REQUIRE(open_run(run).state.best.has_value());
  CHECK(std::isfinite(*open_run(run).state.best));
  CHECK(open_run(run, Which::best).state.step == 4);
}

TEST_CASE("training: a run goes on from whatever whole checkpoint is left of it, and says so") {
  const TemporaryFolder folder;
  const TrainCall o = small_on_text(folder / "whole", "--split 80,20,0 --eval-every 4");
  train(o);
  const auto rest_of = [](const std::filesystem::path& run) {
    return train(run_of({"--resume", run, "--steps", "12", "--no-quiet"}));
  };
  // Killed before its first checkpoint after the best one.
  const auto alone = folder / "best alone";
  train(with(o, {{"out", alone}, {"steps", "8"}}));
  CHECK(open_run(alone, Which::best).state.step == 8);
  for (const char* name : {"last", "last.1", "last.2"}) std::filesystem::remove_all(alone / name);
  const std::string said = rest_of(alone);
  CHECK(said.find("newest whole checkpoint is " + best_path(alone).string() + ", of step 8") !=
        said.npos);
  CHECK(equal_parameters(folder / "whole", alone));
  // The newest is damaged.
  const auto damaged = folder / "damaged";
  train(with(o, {{"out", damaged}, {"steps", "7"}, {"save-every", "3"}}));
  std::filesystem::remove_all(best_path(damaged));
  std::ofstream(checkpoint_path(damaged) / "variables.safetensors", std::ios::app) << "x";
  CHECK(open_run(damaged).state.step == 6);
  CHECK(rest_of(damaged).find("bytes, expected") != std::string::npos);
  CHECK(equal_parameters(folder / "whole", damaged));
  CHECK(checkpoints_of(damaged).front() == checkpoint_path(damaged));
}

TEST_CASE("training: the folder's newest checkpoint is `last`, with those before it beside it") {
  const TemporaryFolder folder;
  const auto run = folder / "run";
  const TrainCall o =
      with(small_on_text(run, "--split 80,20,0 --eval-every 5 --save-every 4"), {{"steps", "13"}});
  train(o);
  const auto step = [&](const char* name) { return checkpoint_step(run / name).value_or(-1); };
  CHECK(step("last") == 13);
  CHECK(step("last.1") >= 10);
  CHECK(step("last.2") >= 8);
  CHECK_FALSE(std::filesystem::exists(run / "last.3"));
  CHECK(step("best") <= 13);
  // A new run refuses the folder even where only older ones are left.
  for (const char* name : {"last", "best"}) std::filesystem::remove_all(run / name);
  std::ostringstream out;
  CHECK_THROWS_AS(TrainingRun(o, out).train(), UsageError);
}

TEST_CASE("training: what is reported after a resumption are the best checkpoint's own results") {
  const TemporaryFolder folder;
  const std::string first = train(by_heart(folder / "run"));
  const auto reported = [](const std::string& out) {
    const auto at = out.rfind("validation loss ");
    REQUIRE(at != out.npos);
    return out.substr(at, out.find('\n', at) - at);
  };
  // Two more validations, and worse ones.
  const std::string rest = train(run_of({"--resume", folder / "run", "--patience", "5"}));
  CHECK(reported(rest) == reported(first));
  const SavedRun best = open_run(folder / "run", Which::best);
  CHECK(best.state.best_results.at("loss") == best.state.best);
  CHECK(best.state.best_results.at("perplexity") > 1);
}

TEST_CASE("training: of a best checkpoint that lacks its results they are found anew") {
  const TemporaryFolder folder;
  const auto run = folder / "run";
  const std::string first = train(small_on_text(run, "--split 80,20,0"));
  Variables store;
  Checkpoint saved;
  {
    const CheckpointReader reader(best_path(run));
    reader.create(store);
    saved = reader.contents();
  }
  CHECK(saved.values.erase("state.best_results") == 1);
  save_checkpoint(best_path(run), saved, store);
  save_checkpoint(checkpoint_path(run), saved, store);
  const std::string rest = train(run_of({"--resume", run}));
  CHECK(rest.find(first.substr(first.rfind("validation loss"))) != std::string::npos);
}

TEST_CASE("training: one process a run; looking at one in use is allowed") {
  const TemporaryFolder folder;
  const auto run = folder / "run";
  train(small_on_text(run));
  const RunFolder held = RunFolder::reopen(run);
  std::ostringstream out;
  CHECK_THROWS_AS(TrainingRun(run_of({"--resume", run}), out), UsageError);
  CHECK_NOTHROW(TrainingRun(run_of({"--resume", run, "--dry-run"}), out).describe());
  CHECK_NOTHROW(open_run(run));
}

TEST_CASE("training: averaged weights validate; a resumed run keeps them bit for bit") {
  const TemporaryFolder folder;
  const TrainCall o = small_on_text(folder / "whole", "--average 0.9");
  train(o);
  train(with(o, {{"out", folder / "parts"}, {"steps", "5"}}));
  resume(folder.path() / "parts", 12);
  const SavedRun whole = open_run(folder.path() / "whole"),
                 parts = open_run(folder.path() / "parts");
  const auto read = [](const SavedRun& run, const char* name) {
    return run.checkpoint.variables().read(name);
  };
  const char* average = "average/lstm0/recurrent_weight";
  const Tensor unbroken = read(whole, average), resumed = read(parts, average);
  CHECK(std::ranges::equal(unbroken.as<float>(), resumed.as<float>()));
  Variables store;
  create_for_use(whole, store);
  CHECK(std::ranges::equal(store.at("lstm0/recurrent_weight").value().as<float>(),
                           unbroken.as<float>()));
  CHECK_FALSE(std::ranges::equal(store.at("lstm0/recurrent_weight").value().as<float>(),
                                 store.at(average).value().as<float>()));
}

TEST_CASE("training: learns a periodic text by heart") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "periodic.txt";
  {
    std::ofstream file(path);
    for (int i = 0; i < 600; ++i) file << "abcdeffgh";
  }
  train(with(short_run(folder / "run", 200, "--width 32 --length 20 --batch 8"), {{"data", path}}));
  const std::string metrics = read_file(folder.path() / "run" / "metrics.jsonl");
  const auto at = metrics.rfind("\"valid_loss\":");
  REQUIRE(at != metrics.npos);
  CHECK(std::stod(metrics.substr(at + 13)) < 0.05);
}

TEST_CASE("training: texts that hold nothing to learn are bad data") {
  const TemporaryFolder folder;
  const TrainCall o = small(folder / "run");
  std::ofstream(folder / "short.txt") << "a";
  std::ostringstream out;
  for (const char* name : {"short.txt", "absent.txt"})
    CHECK_THROWS_AS(TrainingRun(with(o, {{"data", folder / name}}), out), DataError);
}

}  // namespace abax
