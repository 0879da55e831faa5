// Fields: which values they take, which they refuse, and how they write them.
#include "models/settings/field.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "tests/graph/refusal.h"

namespace abax {
namespace {

/// The message with which a field refuses a value, or "accepted".
std::string refusal(Field& field, const FieldValue& value) {
  return test::refusal([&] { field.set("--it", value); });
}

bool takes(Field& field, const FieldValue& value) { return refusal(field, value) == "accepted"; }

Field field_of(Field::Target target) { return {"it", std::move(target), "Group", "help"}; }

}  // namespace

TEST_CASE("field: a whole number within its limits") {
  std::int64_t n = 3;
  Field field = field_of(&n);
  field.at_least(1).at_most(9);
  CHECK(takes(field, FieldText{"9"}));
  CHECK(n == 9);
  CHECK(takes(field, std::int64_t{1}));
  CHECK(takes(field, FieldText{"+4"}));
  for (const char* wrong :
       {"0", "10", "2.5", "2x", "", " 2", "two", "1e0", "nan", "99999999999999999999"})
    CHECK_MESSAGE(!takes(field, FieldText{wrong}), wrong);
  for (const FieldValue& wrong :
       {FieldValue{2.0}, {true}, {std::string("2")}, {Numbers{2}}, {Words{"2"}}})
    CHECK_FALSE(takes(field, wrong));
  CHECK(n == 4);  // as it was
  CHECK(refusal(field, FieldText{"10"}) ==
        "--it: expected a whole number, at least 1, at most 9, not '10'");
  CHECK(field.to_text() == "4");
  CHECK(field.to_toml() == "4");
  CHECK(field.value_word() == "N");
}

TEST_CASE("field: messages tell whole numbers in full") {
  std::int64_t n = 3;
  Field whole = field_of(&n);
  whole.at_least(-3000000).at_most(1 << 20);
  CHECK(refusal(whole, FieldText{"1048577"}) ==
        "--it: expected a whole number, at least -3000000, at most 1048576, not '1048577'");
  double x = 3;
  Field real = field_of(&x);
  real.above(0).below(1 << 24);
  CHECK(refusal(real, 16777216.) ==
        "--it: expected a number, above 0, below 16777216, not '16777216'");
}

TEST_CASE("field: numbers, whose limits may be open") {
  double x = 0.5;
  Field field = field_of(&x);
  field.above(0).below(1);
  CHECK(takes(field, FieldText{"1e-3"}));
  CHECK(x == 1e-3);
  for (const char* wrong : {"0", "1", "-1", "inf", "nan", "0,5", "x"})
    CHECK_MESSAGE(!takes(field, FieldText{wrong}), wrong);
  CHECK_FALSE(takes(field, std::int64_t{1}));
  CHECK(refusal(field, 1.0) == "--it: expected a number, above 0, below 1, not '1'");
  CHECK(takes(field, 0.25));
  CHECK(field.to_text() == "0.25");
  double free = 2;
  Field any = field_of(&free);
  CHECK(any.to_text() == "2");
  CHECK(any.to_toml() == "2.0");  // else it would read back as a whole number
  CHECK(takes(any, std::int64_t{-7}));
  CHECK(free == -7);
  CHECK_FALSE(takes(any, FieldText{"inf"}));
}

TEST_CASE("field: a float is written so that it reads back, and stays off its open limits") {
  float x = 0;
  Field field = field_of(&x);
  field.at_least(0).below(1);
  CHECK(takes(field, FieldText{"0.1"}));
  CHECK(x == 0.1f);
  CHECK(field.to_text() == "0.1");
  CHECK_FALSE(takes(field, 0.999999999));  // 1 as a float
  CHECK(x == 0.1f);
  Field free = field_of(&x);
  CHECK_FALSE(takes(free, 1e300));
  CHECK(takes(free, 1e30));
  Field positive = field_of(&x);
  positive.above(0);
  CHECK_FALSE(takes(positive, 1e-300));  // 0 as a float
}

TEST_CASE("field: flags and texts") {
  bool flag = false;
  Field field = field_of(&flag);
  CHECK(takes(field, FieldText{"true"}));
  CHECK(flag);
  CHECK(field.to_text() == "true");
  CHECK(takes(field, false));
  CHECK_FALSE(flag);
  for (const FieldValue& wrong :
       {FieldValue{FieldText{"1"}}, {FieldText{""}}, {std::int64_t{1}}, {std::string("true")}})
    CHECK_FALSE(takes(field, wrong));
  CHECK(field.value_word().empty());

  std::string word;
  Field free = field_of(&word);
  CHECK(takes(free, FieldText{"a \"b\"\n"}));
  CHECK(free.to_toml() == "\"a \\\"b\\\"\\u000a\"");
  CHECK(takes(free, std::string("7")));
  CHECK_FALSE(takes(free, std::int64_t{7}));
  CHECK(word == "7");
}

TEST_CASE("field: one of some words, the nearest of which is named") {
  std::string word = "constant";
  Field field = field_of(&word);
  field.one_of({"constant", "cosine"});
  CHECK(takes(field, FieldText{"cosine"}));
  CHECK(refusal(field, FieldText{"cosnie"}) ==
        "--it: expected one of: constant, cosine, not 'cosnie'; did you mean 'cosine'?");
  field.formerly("inverse", "--schedule inverse-root");
  CHECK(refusal(field, FieldText{"inverse"}) == "--it: 'inverse' is now --schedule inverse-root");
  CHECK(word == "cosine");
  CHECK(field.value_word() == "constant|cosine");

  std::size_t chosen = 0;
  Field choice =
      field_of(Field::Choice{[&] { return chosen; }, [&](std::size_t i) { chosen = i; }});
  choice.one_of({"a", "b"});
  CHECK(takes(choice, FieldText{"b"}));
  CHECK(chosen == 1);
  CHECK(choice.to_text() == "b");
  CHECK(choice.to_toml() == "\"b\"");
  CHECK_FALSE(takes(choice, FieldText{"c"}));
  CHECK_FALSE(takes(choice, std::int64_t{0}));
  CHECK(chosen == 1);
}

TEST_CASE("field: values as text") {
  CHECK(to_text(FieldText{"8,5"}) == "8,5");
  CHECK(to_text(true) == "true");
  CHECK(to_text(std::int64_t{-3}) == "-3");
  CHECK(to_text(0.1) == "0.1");
  CHECK(to_text(Numbers{90, 5.5}) == "90,5.5");
  CHECK(to_text(Words{"a", "b"}) == "a,b");
}

TEST_CASE("field: lists") {
  Integers whole{400};
  Field field = field_of(&whole);
  field.at_least(2);
  CHECK(takes(field, FieldText{"8,5"}));
  CHECK(whole == Integers{8, 5});
  CHECK(field.to_text() == "8,5");
  CHECK(field.to_toml() == "[8, 5]");
  CHECK(takes(field, std::int64_t{9}));  // one of it
  CHECK(whole == Integers{9});
  CHECK(takes(field, Numbers{3, 4}));
  for (const char* wrong : {"8,1", "8,x", "8,,5", "8.5", "1e30"})
    CHECK_MESSAGE(!takes(field, FieldText{wrong}), wrong);
  CHECK_FALSE(takes(field, Numbers{3, 2.5}));
  CHECK(whole == Integers{3, 4});

  CHECK(takes(field, Words{}));  // an empty list of a file
  CHECK(whole.empty());

  Numbers numbers;
  Field shares = field_of(&numbers);
  CHECK(takes(shares, FieldText{"90,5.5"}));
  CHECK(shares.to_text() == "90,5.5");
  CHECK(shares.to_toml() == "[90.0, 5.5]");
  CHECK_FALSE(takes(shares, Words{"a"}));

  Words words;
  Field names = field_of(&words);
  names.one_of({"a", "b"});
  CHECK(takes(names, FieldText{"a,b"}));
  CHECK(names.to_toml() == "[\"a\", \"b\"]");
  CHECK_FALSE(takes(names, FieldText{"a,c"}));
  CHECK_FALSE(takes(names, Numbers{1}));
  CHECK(words == Words{"a", "b"});
  CHECK(takes(names, FieldText{""}));
  CHECK(words.empty());

  // What names files may hold commas.
  Words files{"a,b.txt", "c\\d", "e"};
  Field paths = field_of(&files);
  CHECK(paths.to_text() == "a\\,b.txt,c\\\\d,e");
  const Words before = files;
  files.clear();
  CHECK(takes(paths, FieldText{"a\\,b.txt,c\\\\d,e"}));
  CHECK(files == before);
  CHECK(to_text(FieldValue{before}) == "a\\,b.txt,c\\\\d,e");
  CHECK(takes(paths, FieldText{"c\\d"}));  // no comma, no backslash behind it: a letter
  CHECK(files == Words{"c\\d"});
}

}  // namespace abax
