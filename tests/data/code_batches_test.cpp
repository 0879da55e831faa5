// Batches of codes: what is read and predicted, every image once a pass, what is refused.
#include "models/data/codes/code_batches.h"

#include <doctest/doctest.h>

#include <set>

#include "core/base/error.h"
#include "models/code_prior.h"

namespace abax::data {
namespace {

CodePrior prior() { return code_prior_for({}, {3, 10}, 2); }

/// Image i has the codes i, i + 1, i + 2 and the label 0, 1 or none.
LabelledCodes five_images() {
  LabelledCodes codes{.positions = 3, .codes = {}, .labels = {0, 1, -1, 0, 1}};
  for (int image = 0; image < 5; ++image)
    for (int position = 0; position < 3; ++position) codes.codes.push_back(image + position);
  return codes;
}

TEST_CASE("code batches: a label's token and the codes are read, the codes predicted") {
  const CodeBatches batches(five_images(), prior(), {.rows = 4, .shuffled = false});
  REQUIRE(batches.batches() == 2);
  CHECK(batches.shapes().front() == BatchShape{.batch = 3, .length = 3});
  const Batch batch = batches.make(1);
  CHECK(batch.counted == 6);
  const auto tokens = batch.input("tokens").as<std::int32_t>();
  const auto targets = batch.input("targets").as<std::int32_t>();
  // Images 3 and 4 and a row that is padding: [positions, rows].
  const std::vector<std::int32_t> read{11, 12, 0, 3, 4, 0, 4, 5, 0};
  const std::vector<std::int32_t> predicted{3, 4, -1, 4, 5, -1, 5, 6, -1};
  CHECK(std::vector(tokens.begin(), tokens.end()) == read);
  CHECK(std::vector(targets.begin(), targets.end()) == predicted);
  CHECK(batches.make(0).input("tokens").as<std::int32_t>()[2] == 10);  // no label
}

TEST_CASE("code batches: each pass holds every image once, in an order of its own") {
  const CodeBatches batches(five_images(), prior(), {.rows = 2, .shuffled = true, .seed = 4});
  std::set<std::vector<std::int64_t>> orders;
  for (int pass = 0; pass < 4; ++pass) {
    std::vector<std::int64_t> order;
    for (std::int64_t i = 0; i < batches.batches(); ++i)
      for (const std::int64_t image : batches.rows(pass * batches.batches() + i))
        order.push_back(image);
    CHECK(std::set(order.begin(), order.end()).size() == 5);
    CHECK(order.size() == 5);
    orders.insert(order);
  }
  CHECK(orders.size() > 1);
}

TEST_CASE("code batches: codes and labels that the prior does not have are refused") {
  LabelledCodes codes = five_images();
  codes.codes[4] = 10;
  CHECK_THROWS_AS(CodeBatches(codes, prior(), {}), DataError);
  codes = five_images();
  codes.labels[0] = 2;
  CHECK_THROWS_AS(CodeBatches(codes, prior(), {}), DataError);
  CHECK_THROWS_AS(CodeBatches({}, prior(), {}), DataError);
}

}  // namespace
}  // namespace abax::data
