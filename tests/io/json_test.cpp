// JSON: round trips, accessors, everything that is refused.
#include "core/io/json.h"

#include <doctest/doctest.h>

#include <limits>

#include "core/base/error.h"

namespace abax {

TEST_CASE("json: writes what it reads, in order") {
  const std::string written =
      R"({"z":1,"a":[true,false,null,-3,18446744073709551615],"s":"\"\\\n\u0001é","e":{},"l":[]})";
  CHECK(to_text(parse_json(written)) == written);
  CHECK(to_text(parse_json(" [ 1 , 2 ]\n\t ")) == "[1,2]");
  CHECK(to_text(parse_json(R"("\u00e9\ud83d\ude00")")) == "\"é😀\"");
  CHECK(to_text(Json::Object{{"step", 100}, {"loss", 1.25}}) == R"({"step":100,"loss":1.25})");
}

TEST_CASE("json: floats read back the same and stay floats") {
  for (const double value : {0.1, 1.0, -2.5e-300, 1e22, 5e-324, 123456789.125}) {
    CHECK(parse_json(to_text(value)).number() == value);
    CHECK_THROWS_AS(parse_json(to_text(value)).integer(), DataError);
  }
  CHECK(to_text(1.0) == "1.0");
  CHECK(to_text(std::numeric_limits<double>::infinity()) == "null");
  CHECK(to_text(std::numeric_limits<double>::quiet_NaN()) == "null");
}

TEST_CASE("json: accessors say what was expected and what came") {
  const Json json = parse_json(R"({"n":-1,"big":18446744073709551615,"t":true})");
  CHECK(json.at("n").integer() == -1);
  CHECK(json.at("big").natural() == std::numeric_limits<std::uint64_t>::max());
  CHECK(json.at("n").number() == -1.0);
  CHECK(json.at("t").boolean());
  CHECK(json.find("none") == nullptr);
  CHECK_THROWS_WITH_AS(json.at("n").natural(), "expected a whole number of at least 0, found -1",
                       DataError);
  CHECK_THROWS_WITH_AS(json.at("big").integer(),
                       "expected a whole number below 2^63, found 18446744073709551615", DataError);
  CHECK_THROWS_WITH_AS(json.at("t").string(), "expected a string, found true", DataError);
  CHECK_THROWS_WITH_AS(json.at("n").object(), "expected an object, found -1", DataError);
  CHECK_THROWS_AS(json.at("n").array(), DataError);
  CHECK_THROWS_AS(json.at("n").boolean(), DataError);
  CHECK_THROWS_AS(json.at("t").number(), DataError);
  CHECK_THROWS_AS(json.at("none"), DataError);
  CHECK_THROWS_AS(json.at("n").find("x"), DataError);
}

TEST_CASE("json: broken text is refused") {
  const char* const broken[] = {"",
                                "{",
                                "[1,]",
                                "{\"a\":}",
                                "{\"a\" 1}",
                                "01",
                                "1 2",
                                "nul",
                                "[1] x",
                                "{a:1}",
                                "'a'",
                                "\"a",
                                "\"\xff\"",
                                "\"\xc0\xaf\"",
                                "\"\xed\xa0\x80\"",
                                "\"\\ud800\"",
                                "\"\n\"",
                                "NaN",
                                "{\"a\":1,\"a\":2}",
                                "[{\"x\":{\"b\":1,\"c\":2,\"b\":1}}]",
                                "{\"a\":1,\"\\u0061\":2}",
                                "1e999"};
  for (const char* text : broken) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_json(text), DataError);
  }
  CHECK_THROWS_AS(parse_json(std::string_view("1\0x", 3)), DataError);
  CHECK_THROWS_WITH_AS(parse_json("{\"a\":1,\"a\":2}"),
                       "invalid JSON the key \"a\" occurs twice in an object", DataError);
}

TEST_CASE("json: nesting is limited, so that hostile text cannot exhaust the stack") {
  CHECK_NOTHROW(parse_json(std::string(64, '[') + std::string(64, ']')));
  CHECK_THROWS_AS(parse_json(std::string(65, '[') + std::string(65, ']')), DataError);
  CHECK_THROWS_AS(parse_json(std::string(1'000'000, '[')), DataError);
}

TEST_CASE("json: strings that are not UTF-8 are not written") {
  CHECK_THROWS_AS(to_text(Json("\xff")), DataError);
  CHECK_THROWS_AS(to_text(Json::Object{{"\xff", 1}}), DataError);
}

}  // namespace abax
