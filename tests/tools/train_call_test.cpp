// The options of tools/train: combinations that make no sense, and the way through a file.
#include "tools/options/train_options.h"

#include <doctest/doctest.h>

#include <sstream>

#include "core/base/error.h"
#include "models/registry.h"
#include "tests/io/temporary_folder.h"
#include "tools/options/presets.h"

using namespace abax;

namespace {

std::optional<TrainOptions> parse(std::vector<const char*> arguments) {
  std::ostringstream out;
  arguments.insert(arguments.begin(), "train");
  return parse_train_options(static_cast<int>(arguments.size()), arguments.data(), out,
                             [](const std::string&) {
                               TrainOptions before;  // of the run that --resume names
                               before.width = 77;
                               before.steps = 500;
                               before.lr = 0.5;
                               return before;
                             });
}

}  // namespace

TEST_CASE("train: no options give the defaults") {
  const auto options = parse({});
  REQUIRE(options);
  CHECK(to_toml(*options) == to_toml(TrainOptions{}));
}

TEST_CASE("train: both spellings of the optimiser") {
  CHECK(parse({"--optimizer", "sgd"})->optimiser == "sgd");
  CHECK(parse({"--optimiser", "adamw"})->optimiser == "adamw");
}

TEST_CASE("train: contradictions are refused") {
  CHECK_THROWS_AS(parse({"--steps", "5", "--epochs", "2"}), UsageError);
  CHECK_THROWS_AS(parse({"--steps", "5", "--warmup", "6"}), UsageError);
  CHECK_THROWS_AS(parse({"--resume", "a", "--init-from", "b"}), UsageError);
  CHECK_THROWS_AS(parse({"--valid", "a"}), UsageError);
  CHECK_THROWS_AS(parse({"--split", "90,10"}), UsageError);
  CHECK_THROWS_AS(parse({"--split", "0,50,50"}), UsageError);
  CHECK_THROWS_AS(parse({"--dropout", "1"}), UsageError);
  CHECK(parse({"--steps", "6", "--warmup", "6", "--data", "x", "--valid", "y"}));
}

TEST_CASE("train: options survive the way through a configuration file") {
  const auto options =
      parse({"--data", "b.txt", "--lr", "3e-4", "--freeze", "embedding,lstm0", "--tied"});
  const TrainOptions back = train_options_from_toml(to_toml(*options), "checkpoint");
  CHECK(to_toml(back) == to_toml(*options));
  CHECK(back.lr == 3e-4);
  CHECK(back.freeze == Words{"embedding", "lstm0"});
}

TEST_CASE("train: --resume takes the options of the run, but for how long it goes on") {
  const auto options = parse({"--resume", "runs/a", "--steps", "900"});
  CHECK(options->width == 77);
  CHECK(options->lr == 0.5);
  CHECK(options->steps == 900);
  CHECK(options->resume == "runs/a");
  CHECK(parse({"--resume", "runs/a", "--epochs", "2"})->steps == 0);
  CHECK_THROWS_AS(parse({"--resume", "runs/a", "--width", "78"}), UsageError);
  CHECK_THROWS_AS(parse({"--resume", "runs/a", "--dropout", "0.1"}), UsageError);
}

TEST_CASE("train: presets and a model's defaults stand before what is asked for") {
  const auto small = parse({"--preset", "char-small"});
  CHECK(small->model == "transformer_lm");
  CHECK(small->layers == 4);
  CHECK(small->lr == 1e-3);
  CHECK(small->steps == 2000);
  const auto wide = parse({"--preset", "char-small", "--width", "256", "--epochs", "3"});
  CHECK(wide->width == 256);
  CHECK(wide->steps == 0);
  CHECK(wide->epochs == 3);
  CHECK(parse({"--preset", "translate-words", "--steps", "700"})->epochs == 0);
  CHECK(parse({"--model", "transformer_lm"})->optimiser == "adamw");
  CHECK(parse({"--model", "transformer_lm", "--optimiser", "adam"})->optimiser == "adam");
  for (const Preset& preset : presets()) CHECK_NOTHROW(parse({"--preset", preset.name.c_str()}));
  for (const ModelEntry& model : models()) CHECK_NOTHROW(parse({"--model", model.name.c_str()}));
  CHECK_THROWS_AS(parse({"--preset", "char-smal"}), UsageError);
  CHECK_THROWS_AS(parse({"--resume", "runs/a", "--preset", "char-small"}), UsageError);
}

TEST_CASE("train: a warm-up that was not asked for fits into a short training") {
  for (const char* model : {"transformer_lm", "code_prior"}) {
    CHECK(parse({"--model", model})->warmup == 100);
    CHECK(parse({"--model", model, "--steps", "3"})->warmup == 3);
    CHECK(parse({"--model", model, "--steps", "300"})->warmup == 100);
    CHECK(parse({"--model", model, "--steps", "300", "--warmup", "200"})->warmup == 200);
    CHECK_THROWS_AS(parse({"--model", model, "--steps", "3", "--warmup", "4"}), UsageError);
  }
  CHECK(parse({"--preset", "questions", "--steps", "50"})->warmup == 50);
  CHECK(parse({"--preset", "questions", "--epochs", "1"})->warmup == 200);

  const TemporaryFolder folder;
  write_plainly(folder / "warmup.toml", "model = \"code_prior\"\nwarmup = 4\n");
  const std::string file = folder / "warmup.toml";
  CHECK(parse({"--config", file.c_str(), "--steps", "4"})->warmup == 4);
  CHECK_THROWS_AS(parse({"--config", file.c_str(), "--steps", "3"}), UsageError);
}

TEST_CASE("train: an option that the model does not read is refused") {
  CHECK_THROWS_WITH_AS(parse({"--heads", "2"}), doctest::Contains("lstm_lm"), UsageError);
  CHECK(parse({"--model", "transformer_lm", "--heads", "2"})->heads == 2);
  CHECK_THROWS_AS(parse({"--model", "transformer_lm", "--pooling", "mean"}), UsageError);
  CHECK_THROWS_AS(parse({"--model", "seq2seq", "--shared-embeddings"}), UsageError);
  CHECK_THROWS_AS(parse({"--model", "transformer_lm", "--memory", "9", "--positions", "rotary"}),
                  UsageError);  // its windows are random by default
}
