// What a command line asks of train: which value counts, what nothing reads, what goes on, help.
#include "tools/training/train_call.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/registry.h"
#include "tests/graph/refusal.h"
#include "tests/io/temporary_folder.h"
#include "tools/options/presets.h"

namespace abax {
namespace {

using doctest::Contains;

/// The run that --resume names.
RunSettings run_before() {
  RunSettings before;
  for (const auto& [field, value] : {std::pair{"width", "77"},
                                     {"steps", "500"},
                                     {"lr", "0.5"},
                                     {"warmup", "9"},
                                     {"init-from", "runs/older"}})
    set_value(before, field, FieldText{value});
  return before;
}

std::optional<TrainCall> answer(const Words& arguments, std::ostream& out) {
  std::vector<const char*> argv{"train"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return parse_train_call(static_cast<int>(argv.size()), argv.data(), out,
                          [](const std::string&) { return run_before(); });
}

TrainCall parse(const Words& arguments) {
  std::ostringstream out;
  const auto call = answer(arguments, out);
  REQUIRE(call);
  CHECK(out.str().empty());
  return *call;
}

std::string printed(const Words& arguments) {
  std::ostringstream out;
  CHECK_FALSE(answer(arguments, out));
  return out.str();
}

/// "accepted" or the message.
std::string refusal(const Words& arguments) {
  return test::refusal([&] { parse(arguments); });
}

std::string value(const TrainCall& call, const std::string& field) {
  return value_of(call.settings, field);
}
std::string parsed(const Words& arguments, const std::string& field) {
  return value(parse(arguments), field);
}

bool holds(const std::string& whole, std::string_view part) {
  return whole.find(part) != std::string::npos;
}

/// A configuration file of a test.
struct File {
  TemporaryFolder folder;
  std::string path = folder / "config.toml";
  explicit File(const std::string& content) { write_plainly(path, content); }
};

}  // namespace

TEST_CASE("train: no options give the defaults") {
  const TrainCall call = parse({});
  CHECK(to_toml(call.settings) == to_toml(RunSettings()));
  CHECK(call.resume.empty());
  CHECK_FALSE(call.dry_run);
  CHECK(call.notes.empty());
  CHECK(parse({"--dry-run"}).dry_run);
}

TEST_CASE("train: a default < the model's < a preset's < a file's < the command line's") {
  CHECK(parsed({}, "length") == "35");
  const Words model{"--model", "transformer_lm"};
  CHECK(parsed(model, "length") == "64");
  CHECK(parsed(model, "optimiser") == "adamw");
  const TrainCall preset = parse({"--preset", "char-small"});
  CHECK(preset.settings.model.name() == "transformer_lm");
  CHECK(value(preset, "layers") == "4");
  CHECK(value(preset, "steps") == "2000");
  CHECK(value(preset, "windows") == "random");  // the model's
  const std::string of_model = parsed(model, "lr"), of_preset = value(preset, "lr");
  CHECK(of_model == "0.002");
  CHECK(of_preset == "0.001");

  const File file("lr = 0.25\nlayers = 7\n");
  const TrainCall of_file = parse({"--preset", "char-small", "--config", file.path});
  CHECK(value(of_file, "lr") == "0.25");
  CHECK(value(of_file, "layers") == "7");
  CHECK(value(of_file, "steps") == "2000");
  // The place on the command line says nothing.
  for (const bool first : {false, true}) {
    Words line{"--lr", "0.5", "--preset", "char-small", "--config", file.path};
    if (first) std::rotate(line.begin(), line.begin() + 2, line.end());
    CHECK(parsed(line, "lr") == "0.5");
    CHECK(parsed(line, "layers") == "7");
  }
  CHECK(parsed({"--lr", "0.5", "--model", "transformer_lm"}, "lr") == "0.5");
  CHECK(parsed({"--model", "transformer_lm", "--optimiser", "adam"}, "optimiser") == "adam");
  CHECK(refusal({"--preset", "char-smal"}) ==
        "there is no preset 'char-smal'; did you mean 'char-small'? --presets lists them");
  CHECK(holds(refusal({"--model", "lstm_ml"}), "did you mean 'lstm_lm'?"));
}

TEST_CASE("train: a file's model is overridden with its own defaults, not the file's model's") {
  const File file("model = \"transformer_lm\"\nlr = 0.25\n");
  const TrainCall call = parse({"--config", file.path, "--model", "lstm_lm"});
  CHECK(value(call, "lr") == "0.25");
  CHECK(value(call, "optimiser") == "adam");
  CHECK(value(call, "length") == "35");
}

TEST_CASE("train: both spellings of the optimiser") {
  CHECK(parsed({"--optimizer", "sgd"}, "optimiser") == "sgd");
  CHECK(parsed({"--optimiser", "adamw"}, "optimiser") == "adamw");
}

TEST_CASE("train: contradictions are refused") {
  CHECK(holds(refusal({"--steps", "5", "--epochs", "2"}), "give one of them"));
  CHECK(holds(refusal({"--steps", "5", "--warmup", "6"}), "only 5 (--steps)"));
  CHECK(holds(refusal({"--split", "90,10"}), "three shares"));
  CHECK(holds(refusal({"--split", "0,50,50"}), "the first share"));
  CHECK(holds(refusal({"--dropout", "1"}), "below 1"));
  CHECK(holds(refusal({"--model", "transformer_lm", "--memory", "9", "--positions", "rotary"}),
              "--windows streams"));  // its windows are random by default
  CHECK(refusal({"--steps", "6", "--warmup", "6", "--data", "x", "--valid", "y"}) == "accepted");
}

TEST_CASE("train: of steps and passes the one that was asked for later stands") {
  const TrainCall passes = parse({"--preset", "char-small", "--epochs", "3"});
  CHECK(value(passes, "steps") == "0");
  CHECK(value(passes, "epochs") == "3");
  const TrainCall steps = parse({"--preset", "translate-words", "--steps", "700"});
  CHECK(value(steps, "steps") == "700");
  CHECK(value(steps, "epochs") == "0");
  const File both("steps = 5\nepochs = 2\n");
  CHECK(holds(refusal({"--config", both.path}), "give one of them"));
  const File file("epochs = 2\n");
  CHECK(parsed({"--preset", "char-small", "--config", file.path}, "steps") == "0");
  CHECK(parsed({"--config", file.path, "--steps", "5"}, "epochs") == "0");
}

TEST_CASE("train: a warm-up that nobody asked for fits into a short training") {
  for (const char* model : {"transformer_lm", "code_prior"}) {
    CHECK(parsed({"--model", model}, "warmup") == "100");
    CHECK(parsed({"--model", model, "--steps", "3"}, "warmup") == "3");
    CHECK(parsed({"--model", model, "--steps", "300"}, "warmup") == "100");
    CHECK(parsed({"--model", model, "--steps", "300", "--warmup", "200"}, "warmup") == "200");
    CHECK(holds(refusal({"--model", model, "--steps", "3", "--warmup", "4"}), "--warmup"));
  }
  CHECK(parsed({"--preset", "questions", "--steps", "50"}, "warmup") == "50");
  CHECK(parsed({"--preset", "questions", "--epochs", "1"}, "warmup") == "200");
  const File file("model = \"code_prior\"\nwarmup = 4\n");
  CHECK(parsed({"--config", file.path, "--steps", "4"}, "warmup") == "4");
  CHECK(holds(refusal({"--config", file.path, "--steps", "3"}), "--warmup"));
}

TEST_CASE(
    "train: an option that nothing reads is refused whatever its value, and told where it is") {
  const auto unread = [](const Words& arguments, const std::string& option,
                         std::string_view where) {
    for (const char* value : {"", "0", "1", "4", "nonsense"}) {
      Words line = arguments;
      line.insert(line.end(), {option, value});
      const std::string message = refusal(line);
      CAPTURE(message);
      CHECK(message.starts_with(option + " means nothing to "));
      CHECK(holds(message, where));
    }
  };
  unread({"--model", "vqvae"}, "--beta", "to vqvae (it is read with --model gaussian_vae)");
  unread({"--model", "vqvae", "--quantiser", "finite"}, "--codes",
         "to vqvae with --quantiser finite (it is read with --quantiser nearest)");
  unread({"--model", "vqvae", "--network", "dense"}, "--channels",
         "to vqvae with --network dense (it is read with --network convolution)");
  unread({"--model", "vqvae", "--network", "convolution"}, "--hidden",
         "to vqvae with --network convolution (it is read with --network dense)");
  unread({}, "--momentum",
         "to lstm_lm with --optimiser adam (it is read with --optimiser sgd); here are --steps");
  unread({"--optimiser", "sgd"}, "--beta2", "with --optimiser sgd (it is read with --optimiser");
  unread({"--model", "vqvae"}, "--tokens", "to vqvae (it is read with --model lstm_lm)");
  unread({}, "--reward", "to lstm_lm (it is read with --model seq2seq)");
  unread({"--model", "classifier"}, "--reward-samples", "to classifier (it is read with");
  unread({"--model", "seq2seq"}, "--reward-samples",
         "to seq2seq with --reward none (it is read with --reward bleu)");
  unread({"--model", "seq2seq", "--reward", "exact"}, "--reward-sharpness",
         "with --reward-estimator leave-one-out (it is read with --reward-estimator minimum-risk");
  unread({}, "--heads", "to lstm_lm (it is read with --model transformer_lm); here are --width");
  unread({"--model", "transformer_lm"}, "--pooling", "(it is read with --model classifier");
  unread({"--model", "transformer_lm"}, "--memory", "(it is read with --positions rotary)");
  unread({"--model", "seq2seq", "--blocks", "gru"}, "--decoder-layers",
         "with --blocks gru (it is read with --blocks transformer)");
  unread({"--model", "vqvae"}, "--quantiser-dropout",
         "with --stages 1 (it is read with --stages 2)");
  unread({"--model", "gaussian_vae"}, "--width",
         "with --pixels independent (it is read with --pixels autoregressive)");
  unread({"--schedule", "constant"}, "--final-lr", "with --schedule constant");
  CHECK(holds(refusal({"--tied"}), "accepted"));
  CHECK(refusal({"--model", "classifier", "--tied"}).starts_with("--tied means nothing"));
  CHECK(refusal({"--model", "classifier", "--no-tied"}).starts_with("--tied means nothing"));
  CHECK(parsed({"--model", "transformer_lm", "--heads", "2"}, "heads") == "2");
  CHECK(parsed({"--momentum", "0.5", "--optimiser", "sgd"}, "momentum") == "0.5");
}

TEST_CASE("train: what a name or value was called before is told") {
  CHECK(refusal({"--model", "vqvae", "--quantiser", "residual"}) ==
        "--quantiser: 'residual' is now --quantiser nearest --stages N");
  CHECK(holds(refusal({"--stpes", "3"}), "did you mean '--steps'?"));
}

TEST_CASE(
    "train: what a preset or a file says and nothing reads after all is left out, with a note") {
  const TrainCall dense = parse({"--preset", "vqvae-cifar", "--network", "dense"});
  REQUIRE(dense.notes.size() == 1);
  CHECK(dense.notes.front() ==
        "not read by vqvae as it was chosen, and left out: channels, downsamplings, "
        "residual-channels, residual-layers");
  const File file("codes = 9\nmomentum = 0.5\nlr = 0.25\n");
  const TrainCall call =
      parse({"--model", "vqvae", "--quantiser", "finite", "--config", file.path});
  REQUIRE(call.notes.size() == 1);
  CHECK(holds(call.notes.front(), "left out: codes, momentum"));
  CHECK(value(call, "lr") == "0.25");
  CHECK(parse({"--model", "vqvae", "--optimiser", "sgd", "--config", file.path}).notes.empty());
  // But the command line means what it says, though a preset says it too.
  CHECK(refusal({"--preset", "vqvae-cifar", "--network", "dense", "--channels", "8"})
            .starts_with("--channels means nothing"));
}

TEST_CASE("train: a key of a file that no choice could read is an error") {
  const File typo("steps = 3\nstpes = 3\n");
  CHECK(refusal({"--config", typo.path}) ==
        typo.path + ":2: 'stpes' is no key of a configuration file; did you mean 'steps'?");
  const File derived("vocabulary-size = 3\n");
  CHECK(holds(refusal({"--config", derived.path}), "'vocabulary-size' is no key"));
  const File table("[training]\nsteps = 3\n");
  CHECK(holds(refusal({"--config", table.path}), "'training-steps' is no key"));
  for (const char* key : {"resume = 'x'", "config = 'x'", "dry-run = true", "help = true"}) {
    const File question(key);
    CHECK(holds(refusal({"--config", question.path}), "is no key of a configuration file"));
  }
  const File wrong("\nlr = 'fast'\n");
  CHECK(holds(refusal({"--config", wrong.path}), ":2: 'lr': expected a number"));
  CHECK(refusal({"--config", "/no/such.toml"}) ==
        "--config: cannot read '/no/such.toml': No such file or directory");
}

TEST_CASE("train: settings survive the way through a configuration file") {
  for (const ModelEntry& entry : model_entries()) {
    CAPTURE(entry.name);
    const Words line{"--model",  entry.name,        "--lr",   "3e-4",
                     "--freeze", "embedding,lstm0", "--data", "b \"c\".txt"};
    Words dump = line;
    dump.push_back("--dump-config");
    const File file(printed(dump));
    const TrainCall back = parse({"--config", file.path});
    CHECK(to_toml(back.settings) == to_toml(parse(line).settings));
    CHECK(back.notes.empty());
    CHECK(back.settings.training.rate.peak == 3e-4f);
    CHECK(back.settings.training.freeze == Words{"embedding", "lstm0"});
  }
}

TEST_CASE("train: --resume takes the settings of the run, but for how long it goes on") {
  const TrainCall call = parse({"--resume", "runs/a", "--steps", "900", "--patience", "4",
                                "--threads", "3", "--lr", "0.25", "--quiet"});
  CHECK(call.resume == "runs/a");
  CHECK(value(call, "width") == "77");
  CHECK(value(call, "steps") == "900");
  CHECK(value(call, "patience") == "4");
  CHECK(value(call, "threads") == "3");
  CHECK(value(call, "lr") == "0.25");
  CHECK(value(call, "warmup") == "9");
  CHECK(value(call, "init-from") == "runs/older");  // where it began does not keep it from going on
  CHECK(parsed({"--resume", "runs/a"}, "steps") == "500");
  CHECK(parsed({"--resume", "runs/a", "--epochs", "2"}, "steps") == "0");
  CHECK(parse({"--resume", "runs/a", "--dry-run"}).dry_run);
  const std::string dumped = printed({"--resume", "runs/a", "--dump-config"});
  CHECK(holds(dumped, "width = 77\n"));
}

TEST_CASE("train: --resume refuses what would make another run of it") {
  CHECK(refusal({"--resume", "runs/a", "--width", "78"}) ==
        "--width: this run has 77, and --resume goes on with it; for 78 start a new run, with "
        "--init-from if its weights shall be kept");
  for (const Words& other : {Words{"--dropout", "0.1"},
                             {"--seed", "2"},
                             {"--batch", "3"},
                             {"--split", "80,10,10"},
                             {"--tied"},
                             {"--optimiser", "sgd"},
                             {"--model", "transformer_lm"},
                             {"--best", "bleu"}}) {
    Words line{"--resume", "runs/a"};
    line.insert(line.end(), other.begin(), other.end());
    CHECK(holds(refusal(line), other.front() + ": this run has "));
    CHECK(holds(refusal(line), "--resume goes on with it"));
  }
  CHECK(refusal({"--resume", "runs/a", "--width", "77", "--seed", "1"}) == "accepted");
  CHECK(refusal({"--resume", "runs/a", "--data", "where/it/lies/now"}) == "accepted");
  CHECK(holds(refusal({"--resume", "runs/a", "--preset", "char-small"}), "--preset begins a run"));
  CHECK(holds(refusal({"--resume", "a", "--init-from", "b"}), "give one of them"));
  CHECK(holds(refusal({"--resume", "a", "--heads", "2"}), "means nothing to lstm_lm"));
  CHECK(holds(refusal({"--resume", "a", "--steps", "5"}), "--warmup"));
}

TEST_CASE("train: every preset and every model parses, and all that presets say is read") {
  for (const Preset& preset : presets()) {
    CAPTURE(preset.name);
    const TrainCall call = parse({"--preset", preset.name});
    CHECK(call.notes.empty());
    for (const GivenValue& given : preset.values) CHECK_NOTHROW(value(call, given.name));
    CHECK_FALSE(preset.summary.empty());
    CHECK_FALSE(preset.data.empty());
    CHECK_FALSE(preset.reaches.empty());
  }
  for (const ModelEntry& model : model_entries()) {
    const TrainCall call = parse({"--model", model.name});
    for (const auto& [field, text] : model.defaults) {
      RunSettings expected = call.settings;
      set_value(expected, field, FieldText{text});
      CHECK(value_of(expected, field) == value(call, field));
    }
  }
}

TEST_CASE("train: --presets lists all of them with data and reach") {
  const std::string page = printed({"--presets"});
  CHECK(page == preset_list());
  CHECK(presets().size() >= 9);
  std::size_t at = 0;
  for (const Preset& preset : presets()) {
    const std::string entry = str_cat(preset.name, "\n  ", preset.summary, "\n  data     ",
                                      preset.data, "\n  reaches  ", preset.reaches, "\n");
    CHECK(page.find(entry, at) == at);
    at += entry.size();
  }
  CHECK(at == page.size());
}

TEST_CASE("train: --help without a model has what all take, with one what that one takes") {
  const std::string page = printed({"--help"});
  for (const ModelEntry& entry : model_entries()) {
    CHECK(holds(page, "\n  " + entry.name));
    CHECK(holds(page, entry.description));
  }
  for (const char* common : {"--model NAME", "--data FILE", "--lr X", "--steps N", "--threads N",
                             "--resume FOLDER", "--presets", "-h, --help"})
    CHECK(holds(page, str_cat("\n  ", common)));
  for (const char* own : {"--heads", "--codes ", "--beta X", "--tokens", "--momentum", "--tied",
                          "--dropout", "--binarise"})
    CHECK_FALSE(holds(page, str_cat("\n  ", own)));
  CHECK(printed({"-h"}) == page);
}

TEST_CASE("train: --model NAME --help shows what that model takes and nothing else") {
  for (const ModelEntry& entry : model_entries()) {
    CAPTURE(entry.name);
    const std::string page = printed({"--model", entry.name, "--help"});
    RunSettings run(entry.name);
    Fields own;
    fields(own, run);
    std::set<std::string> taken;
    for (const Field& field : own.all())
      if (!field.is_derived()) taken.insert(field.name());
    for (const std::string& name : taken) CHECK(holds(page, "\n  --" + name));
    // Every line that begins with an option is one of these or asks.
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
      CHECK(line.size() <= 96);
      if (!line.starts_with("  --")) continue;
      const std::string name = line.substr(4, line.find_first_of(" \n", 4) - 4);
      const std::set<std::string> asks{"preset",  "config",  "resume", "dump-config",
                                       "dry-run", "presets", "version"};
      CHECK_MESSAGE((taken.contains(name) || asks.contains(name)), name);
    }
  }
  const std::string vqvae = printed({"--model", "vqvae", "--help"});
  CHECK(holds(vqvae, "[0.002]"));  // its own default of lr
  CHECK_FALSE(holds(vqvae, "--beta X"));
  CHECK(holds(vqvae, "with finite also --levels"));
  const std::string finite = printed({"--model", "vqvae", "--quantiser", "finite", "--help"});
  CHECK(holds(finite, "\n  --levels N"));
  CHECK_FALSE(holds(finite, "\n  --codes N"));
  CHECK(holds(printed({"--preset", "char-small", "--help"}), "\n  --heads N"));
  const File file("model = \"vqvae\"\n");
  CHECK(holds(printed({"--config", file.path, "--help"}), "\n  --codes N"));
}

}  // namespace abax
