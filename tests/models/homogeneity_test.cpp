// Homogeneity and completeness against figures worked out by hand.
#include "models/metrics/homogeneity.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"

namespace abax {

using doctest::Approx;
using Labels = std::vector<std::int32_t>;

TEST_CASE("agreement: codes that are the labels under other names, and such as tell nothing") {
  const Tensor same = Tensor::of<std::int32_t>({6}, {7, 7, 3, 3, 0, 0});
  const Agreement whole = agreement(same, Labels{0, 0, 1, 1, 2, 2});
  CHECK(whole.homogeneity == 1);
  CHECK(whole.completeness == 1);
  CHECK(whole.label_entropy == Approx(std::log(3)));
  CHECK(whole.code_entropy == Approx(std::log(3)));
  CHECK(whole.items == 6);
  const Agreement nothing =
      agreement(Tensor::of<std::int32_t>({4}, {0, 1, 0, 1}), Labels{0, 0, 1, 1});
  CHECK(nothing.homogeneity == Approx(0).epsilon(1e-12));
  CHECK(nothing.completeness == Approx(0).epsilon(1e-12));
}

TEST_CASE("agreement: a label in two codes is homogeneous, two labels in a code are complete") {
  // Four labels of two items. One is split; two share a code.
  const Agreement split = agreement(Tensor::of<std::int32_t>({8}, {0, 0, 1, 1, 2, 2, 3, 4}),
                                    Labels{0, 0, 1, 1, 2, 2, 3, 3});
  CHECK(split.homogeneity == 1);
  // H(K) = 3/4 ln 4 + 1/4 ln 8, H(K|C) = 1/4 ln 2.
  CHECK(split.completeness == Approx(1 - 0.25 * std::log(2) / (2.25 * std::log(2))));
  const Agreement merged = agreement(Tensor::of<std::int32_t>({8}, {0, 0, 1, 1, 2, 2, 2, 2}),
                                     Labels{0, 0, 1, 1, 2, 2, 3, 3});
  CHECK(merged.completeness == 1);
  CHECK(merged.homogeneity == Approx(1 - 0.5 * std::log(2) / std::log(4)));
}

TEST_CASE("agreement: the codes of an item are one symbol, or each by itself") {
  const Tensor codes = Tensor::of<std::int32_t>({4, 2}, {0, 0, 0, 1, 1, 0, 1, 1});
  const Labels labels{0, 1, 2, 3};
  CHECK(agreement(codes, labels).homogeneity == 1);
  const auto each = agreement_by_position(codes, labels);
  REQUIRE(each.size() == 2);
  for (const Agreement& one : each) {
    CHECK(one.homogeneity == Approx(0.5));
    CHECK(one.completeness == 1);
    CHECK(one.code_entropy == Approx(std::log(2)));
  }
  // Which of the positions: the second one alone tells these labels.
  const auto second = agreement_by_position(codes, Labels{5, 9, 5, 9});
  CHECK(second[0].homogeneity == Approx(0).epsilon(1e-12));
  CHECK(second[1].homogeneity == 1);
}

TEST_CASE("agreement: of any counts as the entropies say") {
  Random random(3);
  Tensor codes({500, 1}, i32);
  Labels labels;
  double counts[3][4] = {}, of_label[3] = {}, of_code[4] = {};
  for (int item = 0; item < 500; ++item) {
    labels.push_back(static_cast<std::int32_t>(random.below(3)));
    const std::int64_t code =
        random.uniform() < 0.6 ? labels.back() : random.below(4);  // agrees in part
    codes.as<std::int32_t>()[static_cast<std::size_t>(item)] = static_cast<std::int32_t>(code);
    ++counts[labels.back()][code];
    ++of_label[labels.back()];
    ++of_code[code];
  }
  // By the mutual information: h = I / H(C), c = I / H(K).
  double information = 0, label_entropy = 0, code_entropy = 0;
  for (int c = 0; c < 3; ++c)
    for (int k = 0; k < 4; ++k)
      if (counts[c][k] > 0)
        information += counts[c][k] / 500 * std::log(counts[c][k] * 500 / of_label[c] / of_code[k]);
  for (const double count : of_label) label_entropy -= count / 500 * std::log(count / 500);
  for (const double count : of_code) code_entropy -= count / 500 * std::log(count / 500);
  const Agreement found = agreement(codes, labels);
  CHECK(found.homogeneity == Approx(information / label_entropy));
  CHECK(found.completeness == Approx(information / code_entropy));
  CHECK(found.homogeneity > 0.1);
  CHECK(found.homogeneity < 0.9);
}

TEST_CASE("agreement: one class, one code, items without a label, nothing at all") {
  const Tensor codes = Tensor::of<std::int32_t>({3}, {0, 1, 2});
  const Agreement one_class = agreement(codes, Labels{4, 4, 4});
  CHECK(one_class.homogeneity == 1);  // H(C) = 0
  CHECK(one_class.completeness == Approx(0).epsilon(1e-12));
  const Agreement one_code = agreement(Tensor({3}, i32), Labels{0, 1, 2});
  CHECK(one_code.homogeneity == Approx(0).epsilon(1e-12));
  CHECK(one_code.completeness == 1);  // H(K) = 0
  const Agreement labelled = agreement(codes, Labels{0, -1, 1});
  CHECK(labelled.items == 2);
  CHECK(labelled.code_entropy == Approx(std::log(2)));
  CHECK_THROWS_WITH_AS(agreement(codes, Labels{-1, -1, -1}), "agreement: no item has a label",
                       UsageError);
  CHECK_THROWS_AS(agreement(Tensor({0, 3}, i32), Labels{}), UsageError);
  CHECK_THROWS_AS(agreement_by_position(Tensor({0, 3}, i32), Labels{}), UsageError);
  CHECK_THROWS_WITH_AS(agreement(codes, Labels{0, -2, 1}),
                       "agreement: item 1 has the label -2; labels count from 0, and -1 stands for "
                       "none",
                       DataError);
  CHECK_THROWS_WITH_AS(agreement(codes, Labels{0, 1}),
                       "agreement: expected codes i32[items, ..] and as many labels, got i32[3] "
                       "and 2 labels",
                       ShapeError);
  CHECK_THROWS_AS(agreement(Tensor({2}), Labels{0, 1}), ShapeError);
}

}  // namespace abax
