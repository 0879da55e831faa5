// Command lines of the tools: values, precedence, messages, help.
#include "tools/options/command_line.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "tests/graph/refusal.h"

using namespace abax;

namespace {

/// Settings with a field of each kind.
struct Example {
  bool tied = false;
  std::int64_t steps = 10;
  double rate = 0.5;
  std::string tokens = "bytes";
  std::string out;
  Numbers split = {90, 5, 5};
  Words freeze;
  std::int64_t merges = 7;  // of subwords alone
};
void fields(Fields& f, Example& e) {
  f.group("All");
  f("tied", e.tied, "a flag");
  f("steps", e.steps, "a whole number").at_least(1).at_most(1000);
  f("rate", e.rate, "a number").above(0).below(1).alias("speed");
  f("tokens", e.tokens, "a choice").one_of({"bytes", "characters", "subwords"});
  if (e.tokens == "subwords") f("merges", e.merges, "pairs that become one");
  f("out", e.out, "a folder").placeholder("FOLDER").alias("o").formerly("folder");
  f("split", e.split, "numbers").at_least(0);
  f("freeze", e.freeze, "words");
  f.require(e.steps != 13, "--steps: 13 brings bad luck");
}

/// A tool with them, and what it printed.
struct Tool {
  Example e;
  std::ostringstream printed;

  bool parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "example");
    const CommandLine line("example", "An example.", [&](Fields& f) { fields(f, e); });
    return line.parse(static_cast<int>(arguments.size()), arguments.data(), printed);
  }
  std::string refusal(std::vector<const char*> arguments) {
    return test::refusal([&] { parse(std::move(arguments)); });
  }
};

std::string refusal(std::vector<const char*> arguments) {
  return Tool().refusal(std::move(arguments));
}

}  // namespace

TEST_CASE("values from the command line") {
  Tool t;
  CHECK(t.parse({"--steps", "20", "--rate=0.25", "--tokens", "characters", "--tied", "-o", "here",
                 "--split", "80,10.5,9.5", "--freeze", "a,b", "--freeze", "c"}));
  CHECK(t.e.steps == 20);
  CHECK(t.e.rate == 0.25);
  CHECK(t.e.tokens == "characters");
  CHECK(t.e.tied);
  CHECK(t.e.out == "here");
  CHECK(t.e.split == Numbers{80, 10.5, 9.5});
  CHECK(t.e.freeze == Words{"a", "b", "c"});
}

TEST_CASE("defaults stay where nothing is given, and the last one of two counts") {
  Tool t;
  CHECK(t.parse({"--speed", "0.1", "--rate", "0.2", "--tied", "--no-tied"}));
  CHECK(t.e.steps == 10);
  CHECK(t.e.rate == 0.2);
  CHECK_FALSE(t.e.tied);
  for (const bool before : {false, true}) {
    Tool flag;
    flag.e.tied = before;
    CHECK(flag.parse({"--no-tied", "--tied"}));
    CHECK(flag.e.tied);
    CHECK(flag.parse({"--tied", "--tied", "--no-tied"}));
    CHECK_FALSE(flag.e.tied);
  }
}

TEST_CASE("wrong command lines are refused with a hint") {
  CHECK(refusal({"--stpes", "3"}) == "unknown option '--stpes'; did you mean '--steps'?");
  CHECK(refusal({"--stpes=3"}) == "unknown option '--stpes=3'; did you mean '--steps'?");
  CHECK(refusal({"--zzzzzzzz"}) == "unknown option '--zzzzzzzz'");
  CHECK(refusal({"--folder", "x"}) == "--folder is now --out");
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
  CHECK(refusal({"--tokens", "charcters"}) ==
        "--tokens: expected one of: bytes, characters, subwords, not 'charcters'; did you mean "
        "'characters'?");
  CHECK(refusal({"--split", "1,x,2"}).find("'1,x,2'") != std::string::npos);
  CHECK(refusal({"--split", "1,-2"}).ends_with("not '-2'"));
  CHECK(refusal({"--steps"}).find("--steps") != std::string::npos);
  CHECK(refusal({"--tied=3"}).find("--tied") != std::string::npos);
  CHECK(refusal({"--steps", "13"}) == "--steps: 13 brings bad luck");
}

TEST_CASE("arguments name their options, the values are not looked at") {
  Example e;
  Fields all;
  fields(all, e);
  const char* arguments[] = {"example", "--speed", "fast", "--split", "1", "--split", "x"};
  const auto values = read_arguments(7, arguments, {all.all().begin(), all.all().end()});
  REQUIRE(values.size() == 2);
  CHECK(values[0].name == "rate");
  CHECK(values[0].place == "--rate");
  CHECK(to_text(values[0].value) == "fast");
  CHECK(to_text(values[1].value) == "1,x");
  CHECK(values[1].origin == Origin::command_line);
}

TEST_CASE("questions are answered and end the parse") {
  Tool version;
  CHECK_FALSE(version.parse({"--version"}));
  CHECK(version.printed.str().starts_with("example (abax) 0."));
  CHECK(version.printed.str() == version_line("example"));
  Tool help;
  CHECK_FALSE(help.parse({"-h"}));
  CHECK(help.printed.str().starts_with("example: An example.\n\nusage: example [options]\n"));
  CHECK(help.printed.str().find("-h, --help") != std::string::npos);
}

TEST_CASE("options that are needed are asked for, all at once, but not by a question") {
  struct Needed {
    std::int64_t steps = 0;
    double rate = 0;
    std::string out;
  } needed;
  const CommandLine line("example", "", [&](Fields& f) {
    f("steps", needed.steps, "how many").needed();
    f("rate", needed.rate, "how fast").needed();
    f("out", needed.out, "a folder").placeholder("FOLDER").needed();
  });
  std::ostringstream printed;
  const auto parse = [&](std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "example");
    return line.parse(static_cast<int>(arguments.size()), arguments.data(), printed);
  };
  CHECK_THROWS_WITH_AS(parse({}), "give --steps N, --rate X and --out FOLDER", UsageError);
  CHECK_THROWS_WITH_AS(parse({"--steps", "5"}), "give --rate X and --out FOLDER", UsageError);
  CHECK_THROWS_WITH_AS(parse({"--rate", "5", "--steps", "5"}), "give --out FOLDER", UsageError);
  CHECK(parse({"--steps", "5", "--rate", "0.5", "--out", "runs"}));
  CHECK(printed.str().empty());
  CHECK_FALSE(parse({"--help"}));
  CHECK(printed.str().find("a folder (needed)") != std::string::npos);
}

TEST_CASE("help names every option once and keeps to 96 columns") {
  Example e;
  bool flag = false;
  std::string words;
  for (int i = 0; i < 60; ++i) words += "word ";
  const Declare declare = [&](Fields& f) {
    fields(f, e);
    f.group("Long");
    f("a-name-that-leaves-no-room-beside-it", flag, words);
  };
  Fields all;
  declare(all);
  const Example before = e;
  const auto known = known_fields(declare, [&] { e = before; });
  const std::string page = help_page("example", words, all, known, "The end.");
  std::istringstream lines(page);
  int mentions = 0;
  for (std::string line; std::getline(lines, line);) {
    CHECK(line.size() <= 96);
    CHECK_FALSE(line.ends_with(" "));
    mentions += line.find("--steps N") != std::string::npos;
  }
  CHECK(mentions == 1);
  CHECK(page.find("a whole number [10]\n") != std::string::npos);
  CHECK(page.find("a flag\n") != std::string::npos);
  CHECK(page.find("\nLong\n") != std::string::npos);
  CHECK(page.find("-o, --out FOLDER") != std::string::npos);
  CHECK(page.ends_with("\nThe end.\n"));
  // What is not read stands where the choice is that leads there, and nowhere else.
  std::string joined;
  std::istringstream pieces(page);
  for (std::string word; pieces >> word;) joined += word + " ";
  CHECK(joined.find("a choice; with subwords also --merges [bytes]") != std::string::npos);
  CHECK(page.find("pairs that become one") == std::string::npos);
}

TEST_CASE("help shows values as they are set, so that a choice shows its own options") {
  Tool t;
  CHECK_FALSE(t.parse({"--tokens", "subwords", "--steps", "77", "--tied", "--help"}));
  const std::string page = t.printed.str();
  CHECK(page.find("pairs that become one [7]") != std::string::npos);
  CHECK(page.find("a whole number [77]") != std::string::npos);
  CHECK(page.find("a flag [on]") != std::string::npos);
}

TEST_CASE("an unread value is told where it is read, and what is read here") {
  Example e;
  const Declare declare = [&](Fields& f) { fields(f, e); };
  const auto known = known_fields(declare, [&] { e = {}; });
  Fields now;
  declare(now);
  const GivenValue given{"merges", FieldText{"3"}, "--merges"};
  CHECK(unread_message(given, known, now, "example") ==
        "--merges means nothing to example with --tokens bytes (it is read with --tokens "
        "subwords); here are --tied --steps --rate --tokens --out --split --freeze");
}
