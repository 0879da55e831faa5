// Configuration files: values of TOML, messages with their line, the way there and back.
#include "tools/options/config_file.h"

#include <doctest/doctest.h>

#include <limits>

#include "core/base/error.h"
#include "tests/graph/refusal.h"
#include "tests/io/temporary_folder.h"

using namespace abax;

namespace {

struct Example {
  bool tied = false;
  std::int64_t steps = 10;
  double rate = 0.5;
  std::string tokens = "bytes", out, config;
  Numbers split = {90, 5, 5};
  Words freeze;
  Integers hidden = {4};
};
void fields(Fields& f, Example& e) {
  f.group("All");
  f("tied", e.tied, "");
  f("steps", e.steps, "").at_least(1).at_most(1000);
  f("rate", e.rate, "").above(0);
  f("tokens", e.tokens, "").one_of({"bytes", "characters"});
  f("config", e.config, "").command_line_only();
  f.group("Lists");
  f("out", e.out, "");
  f("split", e.split, "").at_least(0);
  f("freeze", e.freeze, "");
  f("hidden", e.hidden, "").at_least(1);
}

Words names(const std::vector<GivenValue>& values) {
  Words result;
  for (const GivenValue& value : values) result.push_back(value.name);
  return result;
}

/// Sets the fields; gives what nothing reads.
Words read(Example& e, std::string_view toml) {
  return names(assign([&](Fields& f) { fields(f, e); }, read_toml(toml, "file.toml")));
}

std::string refusal(std::string_view toml) {
  Example e;
  return test::refusal([&] { read(e, toml); });
}

}  // namespace

TEST_CASE("a configuration file sets values; what nothing reads comes back") {
  Example e;
  CHECK(read(e, "steps = 30\nrate = 1\ntied = true\nsplit = [1, 2.5]\nhidden = [8, 9]\n") ==
        Words{});
  CHECK(e.steps == 30);
  CHECK(e.rate == 1);
  CHECK(e.tied);
  CHECK(e.split == Numbers{1, 2.5});
  CHECK(e.hidden == Integers{8, 9});
  CHECK(read(e, "stpes = 3\nsteps = 4\n[training]\nsteps = 3\nall.rate = 2") ==
        Words{"stpes", "training-all-rate", "training-steps"});
  CHECK(e.steps == 4);
  CHECK(e.rate == 1);
}

TEST_CASE("values of a file know their place and origin") {
  const auto values = read_toml("\n\nsteps = 3\n[a]\nb = 'x'", "file.toml", Origin::preset);
  REQUIRE(values.size() == 2);
  const auto& steps = values[names(values)[0] == "steps" ? 0 : 1];
  CHECK(steps.place == "file.toml:3: 'steps'");
  CHECK(steps.origin == Origin::preset);
  CHECK(read_toml("a = 1", "f").front().origin == Origin::file);
}

TEST_CASE("wrong values are refused with key and line") {
  CHECK(refusal("steps = 'ten'") ==
        "file.toml:1: 'steps': expected a whole number, at least 1, at most 1000, not 'the text "
        "ten'");
  CHECK(refusal("\nsteps = 2.5").starts_with("file.toml:2: 'steps'"));
  CHECK(refusal("steps = 2.5").ends_with("not '2.5'"));
  CHECK(refusal("steps = 2.0").ends_with("not '2.0'"));
  CHECK(refusal("steps = true").ends_with("not 'true'"));
  CHECK(refusal("steps = [1]").ends_with("not 'a list'"));
  CHECK(refusal("steps = 2020-01-01").ends_with("not a date or time"));
  CHECK(refusal("rate = 'x'").find("'rate'") != std::string::npos);
  CHECK(refusal("tied = 1").ends_with("expected true or false, not '1'"));
  CHECK(refusal("tokens = 'words'").find("one of: bytes, characters") != std::string::npos);
  CHECK(refusal("split = [1, 'x']").find("'split'") != std::string::npos);
  CHECK(refusal("split = [[1]]").find("numbers or words") != std::string::npos);
  CHECK(refusal("split = ['x']").ends_with("not 'a list'"));
  CHECK(refusal("freeze = [1]").ends_with("not 'a list'"));
  CHECK(refusal("hidden = [1.5]").ends_with("not '1.5'"));
  CHECK(refusal("steps = ").starts_with("file.toml:1: "));
  CHECK(refusal("steps = 3\nsteps = 4").starts_with("file.toml:2: "));
  CHECK(refusal("rate = 1e-3") == "accepted");
  CHECK(refusal("freeze = []\nsplit = []") == "accepted");
}

TEST_CASE("files that cannot be read are named") {
  CHECK_THROWS_WITH_AS(read_config_file("/no/such/file.toml"),
                       "--config: cannot read '/no/such/file.toml': No such file or directory",
                       UsageError);
  const TemporaryFolder folder;
  CHECK_THROWS_AS(read_config_file(folder.path()), UsageError);
  write_plainly(folder / "a.toml", "steps = 3");
  CHECK(names(read_config_file(folder / "a.toml")) == Words{"steps"});
}

TEST_CASE("all values as a file, which reads back the same; as an object, for metrics") {
  Example e;
  e.rate = 0.1;
  e.out = "a \"quoted\" \\ path\n\x01 λ";
  e.config = "this.toml";
  e.freeze = {"x", "\"y\""};
  e.split = {1.0 / 3, 1e-300};
  e.hidden = {3, 1'000'000'000'000};
  e.steps = 999;
  e.tied = true;
  Fields all;
  fields(all, e);
  const std::string dumped = to_toml(all);
  CHECK(
      dumped.starts_with("# All\ntied = true\nsteps = 999\nrate = 0.1\ntokens = \"bytes\"\n"
                         "\n# Lists\nout = "));
  CHECK(dumped.find("config") == std::string::npos);  // of the command line alone
  Example back;
  CHECK(read(back, dumped) == Words{});
  CHECK(back.rate == e.rate);
  CHECK(back.out == e.out);
  CHECK(back.freeze == e.freeze);
  CHECK(back.split == e.split);
  CHECK(back.hidden == e.hidden);
  CHECK(back.steps == e.steps);
  CHECK(back.tied == e.tied);
  Fields again;
  fields(again, back);
  CHECK(to_toml(again) == dumped);
  const Json json = to_json(all);
  CHECK(json.at("out").string() == e.out);
  CHECK(json.at("steps").integer() == 999);
  CHECK(json.at("split").array().at(0).number() == 1.0 / 3);
  CHECK(json.find("config") == nullptr);
}
