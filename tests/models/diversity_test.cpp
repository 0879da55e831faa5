// Diversity against figures worked out by hand.
#include "models/metrics/diversity.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "models/metrics/bleu.h"

namespace abax {

using doctest::Approx;
using Texts = std::vector<std::vector<std::string>>;

TEST_CASE("diversity: different words and pairs over all words, the mean over things") {
  // 5 of 8 words and 5 of 6 pairs over the 8 words; 2 of 4 and 1 over 4.
  const Diversity found = diversity(Texts{{"i am fine .", "i am tired ."}, {"yes .", "yes ."}});
  CHECK(found.distinct_1 == Approx((5. / 8 + 2. / 4) / 2));
  CHECK(found.distinct_2 == Approx((5. / 8 + 1. / 4) / 2));
  // Pairs are within a text: "b" before the "c" of the next one is none.
  CHECK(diversity(Texts{{"a b", "c d", "a b"}}).distinct_2 == Approx(2. / 6));
  CHECK(diversity(Texts{{"a b", "c d", "a b"}}).distinct_1 == Approx(4. / 6));
  CHECK(diversity(Texts{{"", ""}, {"a", "b"}}).distinct_1 == Approx(0.5));
}

TEST_CASE("diversity: BLEU of each against each other one of the same thing alone") {
  const std::string a = "the cat sat on the mat today", b = "the cat sat on a mat today",
                    c = "a dog lay on the mat";
  CHECK(diversity(Texts{{a, a}, {c, c, c}}).pairwise_bleu == Approx(100));
  CHECK(diversity(Texts{{a, c}, {c, a}}).pairwise_bleu == 0);  // not what the other thing has
  const std::vector<std::string> left{a, b}, right{b, a};
  CHECK(diversity(Texts{{a, b}}).pairwise_bleu == Approx(bleu(left, right).score));
  CHECK(diversity(Texts{{"A B C D E", "a b c d e"}}).pairwise_bleu == 0);
  CHECK(diversity(Texts{{"A B C D E", "a b c d e"}}, /*lower_case=*/true).pairwise_bleu ==
        Approx(100));
  CHECK(diversity(Texts{{"A b", "a b"}}, true).distinct_1 == Approx(0.5));
  CHECK(diversity(Texts{{"A b", "a b"}}).distinct_1 == Approx(0.75));
}

TEST_CASE("diversity: fewer than two texts of a thing are refused") {
  CHECK_THROWS_AS(diversity(Texts{}), DataError);
  CHECK_THROWS_WITH_AS(diversity(Texts{{"a", "b"}, {"c"}}), doctest::Contains("at least two"),
                       DataError);
}

}  // namespace abax
