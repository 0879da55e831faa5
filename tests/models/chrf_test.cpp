// chrF: values by hand, and such as SacreBLEU's own tests expect.
#include "models/metrics/chrf.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/base/error.h"

namespace abax {
namespace {

using doctest::Approx;
using Strings = std::vector<std::string>;

double chrf_of(const Strings& translations, const Strings& references, bool lower_case = false) {
  return chrf(translations, references, lower_case);
}

}  // namespace

TEST_CASE("chrf: values by hand") {
  // Runs of 1, 2, 3 characters: 2 of 3, 1 of 2, 0 of 1 on both sides; longer ones there are not.
  CHECK(chrf_of({"abc"}, {"abd"}) == Approx(100 * (2. / 3 + 1. / 2) / 3));
  // Clipped, and recall counts four times: P = 1/4, R = 1 of single characters; no longer runs.
  CHECK(chrf_of({"aaaa"}, {"a"}) == Approx(100 * 5 * 0.25 / (4 * 0.25 + 1)));
  // Summed over the corpus, not over lines: 2 of 3 where lines would give 1 and 0.
  CHECK(chrf_of({"a", "b", "c"}, {"a", "b", "x"}) == Approx(100 * 2. / 3));
  // Characters, not bytes: one of two, and none of one run of two.
  CHECK(chrf_of({"äö"}, {"äü"}) == Approx(25));
}

TEST_CASE("chrf: as SacreBLEU has it") {
  struct Case {
    std::string translation, reference;
    double expected;
  };
  const std::vector<Case> cases{
      {"abcdefg", "hijklmnop", 0}, {"a", "b", 0},   {"", "b", 0},
      {"", "reference", 0},        {"a", "a", 100}, {"a b c", "a b c", 100},
      {"a b c", "abc", 100},       {"aa", "ab", 25}};
  for (const auto& [translation, reference, expected] : cases)
    CHECK(chrf_of({translation}, {reference}) == Approx(expected));
  CHECK(chrf_of({"a", "b"}, {"a", "c"}) == Approx(50));
  CHECK(chrf_of({"the cat sat"}, {"the cat sits"}) == Approx(61.03453442411409));
  const Strings translations{"Übung macht den Meister!", "", "a b c", "ein Haus"};
  const Strings references{"Übung macht Meister.", "nichts", "abc", "das kleine Haus am See"};
  CHECK(chrf_of(translations, references) == Approx(44.88219830336723));
  // A line whose reference is empty is left out.
  CHECK(chrf_of({"ab", "xyz"}, {"ab", ""}) == Approx(100));
}

TEST_CASE("chrf: case, white space of any kind, what is refused") {
  CHECK(chrf_of({"DAS Haus"}, {"das haus"}) < 100);
  CHECK(chrf_of({"DAS Haus"}, {"das haus"}, true) == Approx(100));
  CHECK(chrf_of({"a\u00A0b\tc"}, {"abc"}) == Approx(100));
  CHECK_THROWS_AS(chrf_of({"a"}, {}), DataError);
  CHECK_THROWS_AS(chrf_of({}, {}), DataError);
  CHECK_THROWS_AS(chrf_of({"\xff"}, {"a"}), DataError);
}

}  // namespace abax
