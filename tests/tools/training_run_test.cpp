// Whole training runs in small: resuming, validating, stopping on bad data.
#include "tools/training/training_run.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "core/io/safetensors.h"
#include "tests/io/temporary_folder.h"
#include "tests/tools/short_runs.h"

namespace abax {
namespace {

TrainOptions small(const std::filesystem::path& out) {
  TrainOptions o = short_run(out, 12);
  o.width = 13;
  o.layers = 2;
  o.dropout = 0.3;
  o.batch = 3;
  o.length = 5;
  return o;
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

std::string weights(const std::filesystem::path& run) {
  return read_file(checkpoint_path(run) / "variables.safetensors");
}

}  // namespace

TEST_CASE(
    "training: a resumed run is the unbroken one, bit for bit, with dropout and in mid-pass") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "whole");
  o.data = {write_text(folder.path())};
  o.split = {80, 20, 0};
  train(o);

  o.out = (folder.path() / "parts").string();
  o.steps = 7;
  train(o);
  CHECK_FALSE(weights(folder.path() / "whole") == weights(folder.path() / "parts"));
  resume(folder.path() / "parts", 12);
  CHECK(equal_parameters(folder.path() / "whole", folder.path() / "parts"));
  const SavedRun parts = open_run(folder.path() / "parts");
  CHECK(parts.checkpoint.contents().data_position == 12);
}

TEST_CASE("training: a run of passes that take fewer steps than the warm-up can be resumed") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "run");
  o.data = {write_text(folder.path())};
  o.steps = 0;
  o.epochs = 1;
  o.warmup = 100;
  train(o);
  const std::int64_t steps = open_run(o.out).options.steps;
  CHECK(steps < 100);
  CHECK(open_run(o.out).options.warmup == steps);
  resume(o.out, steps + 1);
  CHECK(open_run(o.out).state.step == steps + 1);
}

TEST_CASE("training: codebooks start from data once; resumed runs and loaded weights keep theirs") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "whole");
  o.model = "vqvae";
  o.dropout = 0;
  o.hidden = {16};
  o.codes = 8;
  o.code_width = 4;
  o.batch = 16;
  o.steps = 6;
  o.restart_below = 0.5;
  train(o);
  o.out = (folder.path() / "parts").string();
  o.steps = 3;
  train(o);
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
  o.steps = 1;
  o.restart_below = 0;
  for (const char* start : {"data", "random"}) {
    o.codebook_start = start;
    o.out = (folder.path() / start).string();
    train(o);
    o.init_from = (folder.path() / "whole").string();
    o.out = (folder.path() / (std::string("from ") + start)).string();
    train(o);
    o.init_from.clear();
  }
  CHECK(difference(codebook("data"), codebook("random")) > 0.1);
  CHECK(difference(codebook("from data"), codebook("from random")) == 0);
  CHECK(difference(codebook("from data"), codebook("whole")) < 0.1);
  CHECK(difference(codebook("from data"), codebook("whole")) > 0);
}

TEST_CASE("training: how often is validated, and on how many threads, changes no weight") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "a");
  o.data = {write_text(folder.path())};
  o.split = {80, 20, 0};
  train(o);
  o.out = (folder.path() / "b").string();
  o.eval_every = 1;
  train(o);
  o.out = (folder.path() / "c").string();
  o.threads = 5;
  train(o);
  CHECK(equal_parameters(folder.path() / "a", folder.path() / "b"));
  CHECK(equal_parameters(folder.path() / "a", folder.path() / "c"));
  o.out = (folder.path() / "d").string();
  o.seed = 2;
  train(o);
  CHECK_FALSE(equal_parameters(folder.path() / "a", folder.path() / "d"));
}

TEST_CASE("training: accumulated batches make one update, resumed too") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "whole");
  o.data = {write_text(folder.path())};
  o.accumulate = 3;
  o.steps = 6;
  train(o);
  CHECK(open_run(folder.path() / "whole").checkpoint.contents().data_position == 18);
  o.out = (folder.path() / "parts").string();
  o.steps = 3;
  train(o);
  resume(folder.path() / "parts", 6);
  CHECK(equal_parameters(folder.path() / "whole", folder.path() / "parts"));
}

TEST_CASE("training: starts from the weights of another run, and leaves the frozen ones") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "first");
  o.data = {write_text(folder.path())};
  train(o);
  o.init_from = o.out;
  o.out = (folder.path() / "second").string();
  o.freeze = {"lstm"};
  train(o);
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
  o.out = (folder.path() / "third").string();
  o.freeze = {"ltsm"};
  std::ostringstream out;
  CHECK_THROWS_AS(TrainingRun(o, out), UsageError);
}

TEST_CASE("training: a rate that is far too high ends as diverged, and the last checkpoint stays") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "run");
  o.data = {write_text(folder.path())};
  o.optimiser = "sgd";
  o.clip = 0;
  o.steps = 60;
  o.save_every = 1;
  o.lr = 1e30;
  std::ostringstream out;
  TrainingRun run(o, out);
  CHECK_THROWS_AS(run.train(), DivergedError);
  CHECK_NOTHROW(open_run(folder.path() / "run"));
}

TEST_CASE("training: the best checkpoint is kept, and patience ends a run that gets worse") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "run");
  o.data = {write_text(folder.path())};
  o.split = {50, 50, 0};
  o.steps = 400;  // by heart, so that the validation's loss rises
  o.dropout = 0;
  o.width = 24;
  o.eval_every = 10;
  o.patience = 3;
  train(o);
  const SavedRun last = open_run(folder.path() / "run");
  const SavedRun best = open_run(folder.path() / "run", Which::best);
  CHECK(last.state.step < 400);
  CHECK(best.state.step == last.state.step - 30);
  REQUIRE(best.state.best.has_value());
  CHECK(last.state.best == best.state.best);
  CHECK(last.state.since_best == 3);
  TrainOptions rest = last.options;  // more patience lets it go on
  rest.resume = o.out;
  rest.patience = 4;
  train(rest);
  CHECK(open_run(folder.path() / "run").state.step == last.state.step + 10);
  o.out = (folder.path() / "other").string();
  o.best = "bleu";
  std::ostringstream out;
  TrainingRun run(o, out);
  CHECK_THROWS_AS(run.train(), UsageError);
}

TEST_CASE("training: a validation that is no number is not the best one, then or later") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "run");
  o.data = {write_text(folder.path())};
  o.split = {80, 20, 0};
  o.optimiser = "sgd";
  o.clip = 0;
  o.eval_every = 1;
  o.lr = 1e39;  // infinite: one step, and the weights are no numbers
  std::ostringstream out;
  CHECK_THROWS_AS(TrainingRun(o, out).train(), DivergedError);
  const std::string metrics = read_file(folder.path() / "run" / "metrics.jsonl");
  CHECK(metrics.find("\"valid_loss\":null") != metrics.npos);
  CHECK_FALSE(std::filesystem::exists(best_path(o.out)));

  // Of a run that took it for the best one.
  o.out = (folder.path() / "other").string();
  o.lr = 0.01;
  o.clip = 1;
  o.steps = 3;
  train(o);
  Variables store;
  Checkpoint saved;
  {
    const CheckpointReader reader(checkpoint_path(o.out));
    reader.create(store);
    saved = reader.contents();
  }
  saved.values["best"] = "nan";
  save_checkpoint(checkpoint_path(o.out), saved, store);
  resume(o.out, 4);
  REQUIRE(open_run(o.out).state.best.has_value());
  CHECK(std::isfinite(*open_run(o.out).state.best));
  CHECK(open_run(o.out, Which::best).state.step == 4);
}

TEST_CASE("training: a run goes on from whatever whole checkpoint is left of it, and says so") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "whole");
  o.data = {write_text(folder.path())};
  o.split = {80, 20, 0};
  o.eval_every = 4;
  train(o);
  const auto rest_of = [&](std::int64_t steps) {
    TrainOptions rest = open_run(o.out).options;
    rest.resume = o.out;
    rest.steps = steps;
    rest.quiet = false;
    return train(rest);
  };
  // Killed before its first checkpoint after the best one.
  o.out = (folder.path() / "best alone").string();
  o.steps = 8;
  train(o);
  CHECK(open_run(o.out, Which::best).state.step == 8);
  for (const char* name : {"last", "last.1", "last.2"})
    std::filesystem::remove_all(std::filesystem::path(o.out) / name);
  const std::string said = rest_of(12);
  CHECK(said.find("newest whole checkpoint is " + best_path(o.out).string() + ", of step 8") !=
        said.npos);
  CHECK(equal_parameters(folder.path() / "whole", o.out));
  // The newest is damaged.
  o.out = (folder.path() / "damaged").string();
  o.steps = 7;
  o.save_every = 3;
  train(o);
  std::filesystem::remove_all(best_path(o.out));
  std::ofstream(checkpoint_path(o.out) / "variables.safetensors", std::ios::app) << "x";
  CHECK(open_run(o.out).state.step == 6);
  CHECK(rest_of(12).find("bytes, expected") != std::string::npos);
  CHECK(equal_parameters(folder.path() / "whole", o.out));
  CHECK(checkpoints_of(o.out).front() == checkpoint_path(o.out));
}

TEST_CASE("training: the folder's newest checkpoint is `last`, with those before it beside it") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "run");
  o.data = {write_text(folder.path())};
  o.split = {80, 20, 0};
  o.eval_every = 5;
  o.save_every = 4;
  o.steps = 13;
  train(o);
  const auto step = [&](const char* name) {
    return checkpoint_step(std::filesystem::path(o.out) / name).value_or(-1);
  };
  CHECK(step("last") == 13);
  CHECK(step("last.1") >= 10);
  CHECK(step("last.2") >= 8);
  CHECK_FALSE(std::filesystem::exists(o.out + "/last.3"));
  CHECK(step("best") <= 13);
  // A new run refuses the folder even where only older ones are left.
  for (const char* name : {"last", "best"})
    std::filesystem::remove_all(std::filesystem::path(o.out) / name);
  std::ostringstream out;
  CHECK_THROWS_AS(TrainingRun(o, out).train(), UsageError);
}

TEST_CASE("training: what is reported after a resumption are the best checkpoint's own results") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "run");
  o.data = {write_text(folder.path())};
  o.split = {50, 50, 0};
  o.steps = 400;
  o.dropout = 0;
  o.width = 24;
  o.eval_every = 10;
  o.patience = 3;
  const std::string first = train(o);
  const auto reported = [](const std::string& out) {
    const auto at = out.rfind("validation loss ");
    REQUIRE(at != out.npos);
    return out.substr(at, out.find('\n', at) - at);
  };
  TrainOptions rest = open_run(o.out).options;
  rest.resume = o.out;
  rest.patience = 5;  // two more, and worse ones
  CHECK(reported(train(rest)) == reported(first));
  const SavedRun best = open_run(o.out, Which::best);
  CHECK(best.state.best_results.at("loss") == best.state.best);
  CHECK(best.state.best_results.at("perplexity") > 1);
}

TEST_CASE("training: of a best checkpoint that lacks its results they are found anew") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "run");
  o.data = {write_text(folder.path())};
  o.split = {80, 20, 0};
  const std::string first = train(o);
  Variables store;
  Checkpoint saved;
  {
    const CheckpointReader reader(best_path(o.out));
    reader.create(store);
    saved = reader.contents();
  }
  saved.values.erase("best_results");
  save_checkpoint(best_path(o.out), saved, store);
  save_checkpoint(checkpoint_path(o.out), saved, store);
  TrainOptions rest = open_run(o.out).options;
  rest.resume = o.out;
  CHECK(train(rest).find(first.substr(first.rfind("validation loss"))) != std::string::npos);
}

TEST_CASE("training: one process a run; looking at one in use is allowed") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "run");
  o.data = {write_text(folder.path())};
  train(o);
  TrainOptions rest = open_run(o.out).options;
  rest.resume = o.out;
  const RunFolder held = RunFolder::reopen(o.out);
  std::ostringstream out;
  CHECK_THROWS_AS(TrainingRun(rest, out), UsageError);
  rest.dry_run = true;
  CHECK_NOTHROW(TrainingRun(rest, out).describe());
  CHECK_NOTHROW(open_run(o.out));
}

TEST_CASE("training: averaged weights validate; a resumed run keeps them bit for bit") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "whole");
  o.data = {write_text(folder.path())};
  o.average = 0.9;
  train(o);
  o.out = (folder.path() / "parts").string();
  o.steps = 5;
  train(o);
  resume(folder.path() / "parts", 12);
  const SavedRun whole = open_run(folder.path() / "whole"),
                 parts = open_run(folder.path() / "parts");
  const auto read = [](const SavedRun& run, const char* name) {
    return run.checkpoint.variables().read(name);
  };
  const char* average = "average/lstm0/recurrent_weight";
  CHECK(std::ranges::equal(read(whole, average).as<float>(), read(parts, average).as<float>()));
  Variables store;
  create_for_use(whole, store);
  CHECK(std::ranges::equal(store.at("lstm0/recurrent_weight").value().as<float>(),
                           read(whole, average).as<float>()));
  CHECK_FALSE(std::ranges::equal(store.at("lstm0/recurrent_weight").value().as<float>(),
                                 store.at(average).value().as<float>()));
}

TEST_CASE("training: learns a periodic text by heart") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "run");
  const auto path = folder.path() / "periodic.txt";
  {
    std::ofstream file(path);
    for (int i = 0; i < 600; ++i) file << "abcdeffgh";
  }
  o.data = {path.string()};
  o.width = 32;
  o.layers = 1;
  o.dropout = 0;
  o.length = 20;
  o.batch = 8;
  o.steps = 200;
  std::ostringstream out;
  TrainingRun run(o, out);
  CHECK(run.train() == exit_ok);
  const std::string metrics = read_file(folder.path() / "run" / "metrics.jsonl");
  const auto at = metrics.rfind("\"valid_loss\":");
  REQUIRE(at != metrics.npos);
  CHECK(std::stod(metrics.substr(at + 13)) < 0.05);
}

TEST_CASE("training: texts that hold nothing to learn are bad data") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder.path() / "run");
  const auto path = folder.path() / "short.txt";
  std::ofstream(path) << "a";
  o.data = {path.string()};
  std::ostringstream out;
  CHECK_THROWS_AS(TrainingRun(o, out), DataError);
  o.data = {(folder.path() / "absent.txt").string()};
  CHECK_THROWS_AS(TrainingRun(o, out), DataError);
}

}  // namespace abax
