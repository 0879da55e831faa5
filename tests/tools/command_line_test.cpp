// The command line and configuration files of the tools: values, precedence, messages, help.
#include "tools/options/option_set.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"

using namespace abax;

namespace {

/// A set with an option of each kind.
struct Example {
  bool tied = false;
  std::int64_t steps = 10;
  double rate = 0.5;
  std::string tokens = "bytes";
  std::string out;
  Numbers split = {90, 5, 5};
  Words freeze;
  OptionSet set{"example", "An example."};

  Example() {
    set.group("All");
    set.add("tied", &tied, "a flag");
    set.add("steps", &steps, "a whole number").at_least(1).at_most(1000);
    set.add("rate", &rate, "a number").above(0).below(1).alias("speed");
    set.add("tokens", &tokens, "a choice").one_of({"bytes", "characters"});
    set.add("out", &out, "a folder").placeholder("FOLDER").alias("o");
    set.add("split", &split, "numbers").at_least(0);
    set.add("freeze", &freeze, "words");
    set.add_configuration();
  }
  bool parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "example");
    return set.parse(static_cast<int>(arguments.size()), arguments.data(), printed);
  }
  std::string refusal(std::vector<const char*> arguments) {
    try {
      parse(std::move(arguments));
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }
  std::string file_refusal(std::string_view toml) {
    try {
      set.read_toml(toml, "file.toml");
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }
  std::ostringstream printed;
};

/// A file that is gone afterwards.
struct TemporaryFile {
  std::string path;
  explicit TemporaryFile(std::string_view content) {
    path = (std::filesystem::temp_directory_path() / text("abax_options_", getpid())).string();
    std::ofstream(path) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("values from the command line") {
  Example e;
  CHECK(e.parse({"--steps", "20", "--rate=0.25", "--tokens", "characters", "--tied", "-o", "here",
                 "--split", "80,10.5,9.5", "--freeze", "a,b", "--freeze", "c"}));
  CHECK(e.steps == 20);
  CHECK(e.rate == 0.25);
  CHECK(e.tokens == "characters");
  CHECK(e.tied);
  CHECK(e.out == "here");
  CHECK(e.split == Numbers{80, 10.5, 9.5});
  CHECK(e.freeze == Words{"a", "b", "c"});
  CHECK(e.set.at("steps").given());
  CHECK_FALSE(e.set.at("config").given());
}

TEST_CASE("defaults stay where nothing is given, and the last one of two counts") {
  Example e;
  CHECK(e.parse({"--speed", "0.1", "--rate", "0.2", "--tied", "--no-tied"}));
  CHECK(e.steps == 10);
  CHECK(e.rate == 0.2);
  CHECK_FALSE(e.tied);
}

TEST_CASE("wrong command lines are refused with a hint") {
  const auto refusal = [](std::vector<const char*> arguments) {
    return Example().refusal(std::move(arguments));
  };
  CHECK(refusal({"--stpes", "3"}) == "unknown option '--stpes'; did you mean '--steps'?");
  CHECK(refusal({"--stpes=3"}) == "unknown option '--stpes=3'; did you mean '--steps'?");
  CHECK(refusal({"--zzzzzzzz"}) == "unknown option '--zzzzzzzz'");
  CHECK(refusal({"book.txt"}) == "unexpected argument 'book.txt'");
  CHECK(refusal({"--steps", "ten"}) ==
        "--steps: expected a whole number, at least 1, at most 1000, not 'ten'");
  CHECK(refusal({"--steps", "2.5"}).ends_with("not '2.5'"));
  CHECK(refusal({"--steps", "0"}).ends_with("not '0'"));
  CHECK(refusal({"--steps", "-3"}).ends_with("not '-3'"));
  CHECK(refusal({"--steps", "1001"}).ends_with("not '1001'"));
  CHECK(refusal({"--steps", "99999999999999999999"}).ends_with("not '99999999999999999999'"));
  CHECK(refusal({"--rate", "0"}) == "--rate: expected a number, above 0, below 1, not '0'");
  CHECK(refusal({"--rate", "1"}).ends_with("not '1'"));
  CHECK(refusal({"--rate", "nan"}).ends_with("not 'nan'"));
  CHECK(refusal({"--rate", "-.5"}).ends_with("not '-0.5'"));
  CHECK(
      refusal({"--tokens", "charcters"}) ==
      "--tokens: expected one of: bytes, characters, not 'charcters'; did you mean 'characters'?");
  CHECK(refusal({"--split", "1,x,2"}).find("'1,x,2'") != std::string::npos);
  CHECK(refusal({"--split", "1,-2"}).ends_with("not '-2'"));
  CHECK(refusal({"--steps"}).find("--steps") != std::string::npos);
  CHECK(refusal({"--config", "/no/such/file.toml"}) ==
        "--config: cannot read '/no/such/file.toml'");
}

TEST_CASE("a configuration file sets values and the command line overrides it") {
  const TemporaryFile file("steps = 30\nrate = 0.75\ntied = true\nsplit = [1, 2.5]\n");
  Example e;
  CHECK(e.parse({"--steps", "40", "--config", file.path.c_str(), "--no-tied"}));
  CHECK(e.steps == 40);
  CHECK(e.rate == 0.75);
  CHECK_FALSE(e.tied);
  CHECK(e.split == Numbers{1, 2.5});
}

TEST_CASE("wrong configuration files are refused with key, line and the nearest key") {
  const auto refusal = [](std::string_view toml) { return Example().file_refusal(toml); };
  CHECK(refusal("\nstpes = 3") ==
        "file.toml:2: 'stpes' is no key of a configuration file; did you mean 'steps'?");
  CHECK(refusal("[training]\nsteps = 3").starts_with("file.toml:1: 'training' is no key"));
  CHECK(refusal("config = 'x'").find("'config' is no key") != std::string::npos);
  CHECK(refusal("steps = 'ten'") ==
        "file.toml:1: 'steps': expected a whole number, at least 1, at most 1000, not 'the text "
        "ten'");
  CHECK(refusal("steps = 2.5").ends_with("not '2.5'"));
  CHECK(refusal("steps = 2.0").ends_with("not '2.0'"));
  CHECK(refusal("steps = true").ends_with("not 'true'"));
  CHECK(refusal("steps = [1]").ends_with("not 'a list'"));
  CHECK(refusal("steps = 2020-01-01").ends_with("not a date or time"));
  CHECK(refusal("steps = {a = 1}").ends_with("not a table"));
  CHECK(refusal("rate = 'x'").find("'rate'") != std::string::npos);
  CHECK(refusal("tied = 1").ends_with("expected true or false, not '1'"));
  CHECK(refusal("tokens = 'words'").find("one of: bytes, characters") != std::string::npos);
  CHECK(refusal("split = [1, 'x']").find("'split'") != std::string::npos);
  CHECK(refusal("split = ['x']").ends_with("not 'a list'"));
  CHECK(refusal("freeze = [1]").ends_with("not 'a list'"));
  CHECK(refusal("steps = ").starts_with("file.toml:1: "));
  CHECK(refusal("steps = 3\nsteps = 4").starts_with("file.toml:2: "));
  CHECK(refusal("rate = 1e-3") == "accepted");
  CHECK(refusal("freeze = []\nsplit = []") == "accepted");
}

TEST_CASE("the dumped configuration reads back the same") {
  Example e;
  e.rate = 0.1;
  e.out = "a \"quoted\" \\ path\n\x01 λ";
  e.freeze = {"x", "\"y\""};
  e.split = {1.0 / 3, 1e-300};
  e.steps = std::numeric_limits<std::int64_t>::max();
  e.tied = true;
  e.steps = 999;
  const std::string dumped = e.set.to_toml();
  CHECK(dumped.starts_with("# All\ntied = true\nsteps = 999\nrate = 0.1\n"));
  Example back;
  back.set.read_toml(dumped, "dump");
  CHECK(back.rate == e.rate);
  CHECK(back.out == e.out);
  CHECK(back.freeze == e.freeze);
  CHECK(back.split == e.split);
  CHECK(back.steps == e.steps);
  CHECK(back.tied == e.tied);
  CHECK(back.set.to_toml() == dumped);
}

TEST_CASE("questions are answered and end the parse") {
  Example dump;
  CHECK_FALSE(dump.parse({"--steps", "77", "--dump-config"}));
  CHECK(dump.printed.str().find("steps = 77\n") != std::string::npos);
  Example version;
  CHECK_FALSE(version.parse({"--version"}));
  CHECK(version.printed.str().starts_with("example (abax) 0."));
  Example help;
  CHECK_FALSE(help.parse({"-h"}));
  CHECK(help.printed.str() == help.set.help());
}

TEST_CASE("options that are needed are asked for, all at once, but not by a question") {
  Example e;
  e.set.at("out").needed();
  e.set.at("rate").needed();
  e.set.at("steps").needed();
  CHECK(e.refusal({}) == "give --steps N, --rate X and --out FOLDER");
  CHECK(e.refusal({"--steps", "5"}) == "give --rate X and --out FOLDER");
  CHECK(e.refusal({"--rate", "0.5"}) == "give --out FOLDER");
  CHECK(e.refusal({"--rate", "0.5", "-o", "runs"}) == "accepted");
  CHECK(e.set.help().find("a folder (needed)") != std::string::npos);
  Example asked;
  asked.set.at("out").needed();
  CHECK_FALSE(asked.parse({"--help"}));
}

TEST_CASE("help names every option once and keeps to 96 columns") {
  Example e;
  e.set.group("Long");
  bool flag = false;
  std::string words;
  for (int i = 0; i < 60; ++i) words += "word ";
  e.set.add("a-name-that-leaves-no-room-beside-it", &flag, words);
  std::istringstream lines(e.set.help());
  int mentions = 0;
  for (std::string line; std::getline(lines, line);) {
    CHECK(line.size() <= 96);
    CHECK_FALSE(line.ends_with(" "));
    mentions += line.find("--steps N") != std::string::npos;
  }
  CHECK(mentions == 1);
  CHECK(e.set.help().find("[10]") != std::string::npos);
}
