// Values of settings: by name into structs of parts and choices, from several origins, and through
// checkpoints of all formats.
#include "models/settings/values.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.h"
#include "tests/graph/refusal.h"

namespace abax {
namespace {

struct Nearest {
  std::int64_t codes = 512;
  float decay = 0.99f;
};
void fields(Fields& f, Nearest& s) {
  f("codes", s.codes, "vectors").at_least(1);
  f("decay", s.decay, "of averages").at_least(0).below(1).before(3, 0.5).before(2, 0.25);
}

struct Finite {
  Integers levels = {8, 5};
  std::int64_t codes = 40;  // of the same name as the other's
};
void fields(Fields& f, Finite& s) {
  f("levels", s.levels, "of each dimension").at_least(2);
  f("codes", s.codes, "at most").at_least(1);
}

struct Quantiser {
  std::variant<Nearest, Finite> kind;
  std::int64_t stages = 1;
  float dropout = 0;
};
void fields(Fields& f, Quantiser& s) {
  f.choice("quantiser", s.kind, {"nearest", "finite"}, "how vectors become codes");
  f("stages", s.stages, "codebooks in turn").at_least(1).opens(2);
  if (s.stages > 1) f("stage-dropout", s.dropout, "of stages").at_least(0);
}

struct Plain {};
void fields(Fields&, Plain&) {}

struct Example {
  std::int64_t size = 0;
  std::int64_t width = 16, halves = 2;
  bool quantised = true;
  std::variant<Quantiser, Plain> latent;
  Quantiser rest;
};
void fields(Fields& f, Example& s) {
  f.derived("data-size", s.size).at_least(1);
  f("width", s.width, "units").at_least(1).at_most(64);
  f("halves", s.halves, "of the width").at_least(1);
  f.choice("latent", s.latent, {"quantised", "plain"}, "in between").before(2, FieldText{"plain"});
  f.part("rest", s.rest);
  f("cache", s.quantised, "of this run alone").command_line_only();
  f.require(s.width % s.halves == 0, "the width is no multiple of the halves");
}

Declare declare(Example& e) {
  return [&e](Fields& f) { f.part(e); };
}

Words names(Example& e) {
  Fields f;
  f.part(e);
  Words result;
  for (const Field& field : f.all()) result.push_back(field.name());
  return result;
}

GivenValue given(std::string name, std::string value, Origin origin = Origin::command_line) {
  const std::string place = "--" + name;
  return {std::move(name), FieldText{std::move(value)}, place, origin};
}

Words names(const std::vector<GivenValue>& values) {
  Words result;
  for (const GivenValue& value : values) result.push_back(value.name);
  return result;
}

}  // namespace

TEST_CASE("fields: in the order of declaration, those of a part with its prefix") {
  Example e;
  CHECK(names(e) == Words{"data-size", "width", "halves", "latent", "quantiser", "codes", "decay",
                          "stages", "rest-quantiser", "rest-codes", "rest-decay", "rest-stages",
                          "cache"});
  e.latent = Plain{};
  e.rest.kind = Finite{};
  e.rest.stages = 2;
  CHECK(names(e) == Words{"data-size", "width", "halves", "latent", "rest-quantiser", "rest-levels",
                          "rest-codes", "rest-stages", "rest-stage-dropout", "cache"});
}

TEST_CASE("fields: two of one name are a mistake; groups follow from where they were declared") {
  std::int64_t a = 0, b = 0;
  Fields f;
  f("a", a, "");
  CHECK_THROWS_AS(f("a", b, ""), UsageError);
  f.group("Second");
  f("b", b, "");
  CHECK(f.find("a")->group() == "Options");
  CHECK(f.find("b")->group() == "Second");
  CHECK(f.find("c") == nullptr);
}

TEST_CASE("fields: a choice replaces the struct, and its fields are bound to the new one") {
  Quantiser q;
  std::get<Nearest>(q.kind).codes = 7;
  {
    Fields f;
    f.part(q);
    f.find("quantiser")->set("--quantiser", FieldText{"nearest"});
    CHECK(std::get<Nearest>(q.kind).codes == 7);  // chosen already: it stays
    f.find("quantiser")->set("--quantiser", FieldText{"finite"});
  }
  REQUIRE(std::holds_alternative<Finite>(q.kind));
  Fields f;
  f.part(q);
  CHECK(f.find("decay") == nullptr);
  f.find("levels")->set("--levels", FieldText{"3,3"});
  CHECK(std::get<Finite>(q.kind).levels == Integers{3, 3});
}

TEST_CASE("values: of one name the strongest origin's, of equal ones the last") {
  const auto kept = strongest({given("a", "1", Origin::file), given("b", "1", Origin::preset),
                               given("a", "2", Origin::preset), given("b", "2", Origin::preset),
                               given("c", "1", Origin::standard), given("c", "2"),
                               given("c", "3", Origin::file)});
  REQUIRE(kept.size() == 3);
  const auto value = [&](std::size_t i) { return std::get<FieldText>(kept[i].value).text; };
  CHECK(names(kept) == Words{"a", "b", "c"});
  CHECK(value(0) == "1");
  CHECK(value(1) == "2");
  CHECK(value(2) == "2");
}

TEST_CASE("values: assigned in any order, and what nothing reads comes back") {
  std::vector<GivenValue> values{given("codes", "9"),          given("levels", "4,4"),
                                 given("rest-codes", "5"),     given("stage-dropout", "0.5"),
                                 given("quantiser", "finite"), given("rest-quantiser", "finite"),
                                 given("decay", "0.5"),        given("stages", "3"),
                                 given("wdith", "3")};
  const auto by_name = [](const GivenValue& a, const GivenValue& b) { return a.name < b.name; };
  std::ranges::sort(values, by_name);
  do {
    Example e;
    Words unread = names(assign(declare(e), values));
    std::ranges::sort(unread);
    CHECK(unread == Words{"decay", "wdith"});
    const auto& latent = std::get<Quantiser>(e.latent);
    const auto& finite = std::get<Finite>(latent.kind);
    CHECK(finite.levels == Integers{4, 4});
    CHECK(finite.codes == 9);
    CHECK(latent.stages == 3);
    CHECK(latent.dropout == 0.5f);
    CHECK(std::get<Finite>(e.rest.kind).codes == 5);
    // Some of the orders: all would take long.
    std::rotate(values.begin(), values.begin() + 1, values.end());
  } while (!std::ranges::is_sorted(values, by_name));
}

TEST_CASE("values: an outer choice does not undo an inner one") {
  for (const bool inner_first : {true, false}) {
    Example e;
    e.latent = Plain{};
    std::vector<GivenValue> values{given("quantiser", "finite"), given("latent", "quantised")};
    if (!inner_first) std::ranges::reverse(values);
    CHECK(assign(declare(e), values).empty());
    CHECK(std::holds_alternative<Finite>(std::get<Quantiser>(e.latent).kind));
  }
}

namespace {

struct Wrapped {
  Integers other = {1, 2, 3};
  Quantiser inner;
};
void fields(Fields& f, Wrapped& s) { f.part(s.inner); }

struct Outer {
  std::variant<Quantiser, Wrapped> kind;
};
void fields(Fields& f, Outer& s) { f.choice("outer", s.kind, {"bare", "wrapped"}, ""); }

}  // namespace

TEST_CASE("values: what both alternatives of a choice have goes to the chosen one") {
  for (const bool outer_first : {true, false}) {
    Outer o;
    std::vector<GivenValue> values{given("outer", "wrapped"), given("quantiser", "finite"),
                                   given("codes", "9"), given("stages", "3")};
    if (!outer_first) std::ranges::reverse(values);
    CHECK(assign([&](Fields& f) { f.part(o); }, values).empty());
    REQUIRE(std::holds_alternative<Wrapped>(o.kind));
    const auto& wrapped = std::get<Wrapped>(o.kind);
    CHECK(wrapped.inner.stages == 3);
    REQUIRE(std::holds_alternative<Finite>(wrapped.inner.kind));
    CHECK(std::get<Finite>(wrapped.inner.kind).codes == 9);
  }
}

TEST_CASE("values: a refusal names its place") {
  Example e;
  CHECK_THROWS_WITH_AS(assign(declare(e), {given("width", "65")}),
                       "--width: expected a whole number, at least 1, at most 64, not '65'",
                       UsageError);
  CHECK_THROWS_AS(assign(declare(e), {given("latent", "plane")}), UsageError);
  CHECK(e.width == 16);
}

TEST_CASE("values: checks across fields") {
  Example e;
  CHECK_NOTHROW(check_together(declare(e)));
  e.halves = 3;
  CHECK_THROWS_WITH_AS(check_together(declare(e)), "the width is no multiple of the halves",
                       UsageError);
}

TEST_CASE("values: which choices lead to a field") {
  Example e;
  const auto routes = [&] {
    const Example before = e;
    std::map<std::string, Route> result;
    Words order;
    for (const KnownField& known : known_fields(declare(e), [&] { e = before; })) {
      CHECK(result.emplace(known.field.name(), known.route).second);  // each once
      order.push_back(known.field.name());
    }
    const Words read = names(e);  // as before, and those that are read anyway come first
    CHECK(Words(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(read.size())) == read);
    return result;
  };
  auto all = routes();
  CHECK(all.at("width").empty());
  CHECK(all.at("codes").empty());
  CHECK(all.at("levels") == Route{{"quantiser", "finite"}});
  CHECK(all.at("stage-dropout") == Route{{"stages", "2"}});
  CHECK(all.at("rest-levels") == Route{{"rest-quantiser", "finite"}});
  CHECK_FALSE(all.contains("wdith"));
  CHECK(std::holds_alternative<Nearest>(std::get<Quantiser>(e.latent).kind));  // as before
  CHECK(e.rest.stages == 1);

  e.latent = Plain{};
  all = routes();
  CHECK(all.at("codes") == Route{{"latent", "quantised"}});
  CHECK(all.at("levels") == Route{{"latent", "quantised"}, {"quantiser", "finite"}});
  CHECK(std::holds_alternative<Plain>(e.latent));
}

TEST_CASE("values: a checkpoint keeps what is read and what follows from the data") {
  Example e;
  e.size = 12;
  e.width = 32;
  e.rest.kind = Finite{{3, 3, 3}, 20};
  std::get<Nearest>(std::get<Quantiser>(e.latent).kind).decay = 0.1f;
  e.quantised = false;
  const auto values = to_values(declare(e));
  CHECK(values == std::map<std::string, std::string>{{"data-size", "12"},
                                                     {"width", "32"},
                                                     {"halves", "2"},
                                                     {"latent", "quantised"},
                                                     {"quantiser", "nearest"},
                                                     {"codes", "512"},
                                                     {"decay", "0.1"},
                                                     {"stages", "1"},
                                                     {"rest-quantiser", "finite"},
                                                     {"rest-levels", "3,3,3"},
                                                     {"rest-codes", "20"},
                                                     {"rest-stages", "1"}});
  Example read;
  from_values(declare(read), values, 3);
  CHECK(to_values(declare(read)) == values);
  CHECK(read.size == 12);
  CHECK(std::get<Finite>(read.rest.kind).levels == Integers{3, 3, 3});
  CHECK(read.quantised);  // of the run that wrote it alone
}

TEST_CASE("values: what an older format meant where it lacks a key") {
  const auto decay = [](const std::map<std::string, std::string>& values, std::int64_t format) {
    Quantiser q;
    from_values([&](Fields& f) { f.part(q); }, values, format);
    return std::get<Nearest>(q.kind).decay;
  };
  CHECK(decay({}, 3) == 0.99f);
  CHECK(decay({}, 2) == 0.5f);
  CHECK(decay({}, 1) == 0.25f);
  CHECK(decay({{"decay", "0.75"}}, 1) == 0.75f);
  // A choice, which decides what else is read: values of what it brings are not lost.
  Example e;
  from_values(declare(e), {{"rest-codes", "3"}, {"rest-quantiser", "finite"}}, 1);
  CHECK(std::holds_alternative<Plain>(e.latent));
  CHECK(std::get<Finite>(e.rest.kind).codes == 3);
  Example plain;
  plain.latent = Plain{};
  from_values(declare(plain), {{"latent", "quantised"}, {"codes", "3"}}, 1);
  const auto& nearest = std::get<Nearest>(std::get<Quantiser>(plain.latent).kind);
  CHECK(nearest.codes == 3);
  CHECK(nearest.decay == 0.25f);
}

namespace {

struct Late {
  std::variant<Plain, Nearest> kind;
};
void fields(Fields& f, Late& s) {
  f.choice("kind", s.kind, {"plain", "nearest"}, "").before(2, FieldText{"nearest"});
}

}  // namespace

TEST_CASE("values: a choice that an older format meant brings the values that it has") {
  Late late;
  from_values([&](Fields& f) { f.part(late); }, {{"codes", "3"}}, 1);
  REQUIRE(std::holds_alternative<Nearest>(late.kind));
  CHECK(std::get<Nearest>(late.kind).codes == 3);
  CHECK(std::get<Nearest>(late.kind).decay == 0.25f);
}

TEST_CASE("values: checkpoints with values that do not fit are refused") {
  const auto read = [](const std::map<std::string, std::string>& values, std::int64_t format) {
    Example e;
    from_values(declare(e), values, format);
  };
  CHECK_THROWS_AS(read({{"width", "65"}}, 2), CheckpointError);
  CHECK_THROWS_AS(read({{"width", "65"}}, 1), CheckpointError);
  CHECK_THROWS_AS(read({{"width", "x"}}, 2), CheckpointError);
  CHECK_THROWS_AS(read({{"data-size", "0"}}, 2), CheckpointError);
  CHECK_THROWS_AS(read({{"latent", "plane"}}, 2), CheckpointError);
  CHECK_THROWS_AS(read({{"width", "9"}}, 2), CheckpointError);  // no multiple of 2
  CHECK_THROWS_AS(read({{"wdith", "8"}}, 2), CheckpointError);
  CHECK_NOTHROW(read({{"wdith", "8"}}, 1));  // format 1 wrote more than was read
  CHECK_THROWS_AS(read({{"levels", "2,2"}}, 2), CheckpointError);  // of what was not chosen
}

TEST_CASE("values: what a program put into settings is held against their limits") {
  const auto refused = [](auto change) {
    Example e;
    e.size = 1;
    change(e);
    return test::refusal([&] { check_settings(e, "an example"); });
  };
  CHECK(refused([](Example&) {}) == "accepted");
  CHECK(
      refused([](Example& e) { e.width = 65; }).starts_with("an example: width: expected a whole"));
  CHECK(refused([](Example& e) { e.size = 0; }).starts_with("an example: data-size: "));
  CHECK(refused([](Example& e) { e.width = 9; }).starts_with("an example: "));  // no multiple of 2
}

TEST_CASE("values: settings of any type") {
  AnySettings any = Quantiser{};
  CHECK(any.get<Nearest>() == nullptr);
  REQUIRE(any.get<Quantiser>() != nullptr);
  CHECK(assign([&](Fields& f) { f.part(any); }, {given("stages", "4")}).empty());
  AnySettings copy = any;
  assign([&](Fields& f) { f.part(copy); }, {given("stages", "5")});
  CHECK(any.get<Quantiser>()->stages == 4);  // held by value
  CHECK(copy.get<Quantiser>()->stages == 5);
  AnySettings none;
  CHECK(to_values([&](Fields& f) { f.part(none); }).empty());
}

}  // namespace abax
