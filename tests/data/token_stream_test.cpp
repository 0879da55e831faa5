// Batches: every prediction once, in order within its stream, whatever the sizes.
#include "models/data/text/token_stream.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

namespace abax::data {
namespace {

std::vector<std::int32_t> counted(int count) {
  std::vector<std::int32_t> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(1000 + i);
  return tokens;
}

std::vector<std::int32_t> list(const Tensor& tensor) {
  const auto elements = tensor.as<std::int32_t>();
  return {elements.begin(), elements.end()};
}

}  // namespace

TEST_CASE("token stream: a small example by hand") {
  // Nine tokens, eight predictions, three streams of 3, 3 and 2; windows of two.
  const TokenStream stream({0, 1, 2, 3, 4, 5, 6, 7, 8}, 3, 2);
  CHECK(stream.batches() == 2);
  const Batch first = stream.make(0);
  CHECK(first.input("tokens").shape() == Shape{2, 3});
  CHECK(list(first.input("tokens")) == std::vector<std::int32_t>{0, 3, 6, 1, 4, 7});
  CHECK(list(first.input("targets")) == std::vector<std::int32_t>{1, 4, 7, 2, 5, 8});
  CHECK(first.input("keep").as<float>()[0] == 0);
  CHECK(first.counted == 6);
  const Batch second = stream.make(1);
  CHECK(list(second.input("tokens")) == std::vector<std::int32_t>{2, 5, 0, 0, 0, 0});
  CHECK(list(second.input("targets")) == std::vector<std::int32_t>{3, 6, -1, -1, -1, -1});
  CHECK(second.input("keep").as<float>()[0] == 1);
  CHECK(second.counted == 2);
  const Batch third = stream.make(2);  // the second pass
  CHECK(list(third.input("tokens")) == list(first.input("tokens")));
  CHECK(third.input("keep").as<float>()[0] == 0);
  CHECK(third.position == 2);
}

TEST_CASE("token stream: each prediction is counted once and streams are contiguous") {
  for (const int count : {2, 3, 7, 20, 64, 101})
    for (const int batch : {1, 2, 3, 8, 50})
      for (const int length : {1, 2, 5, 35, 200}) {
        CAPTURE(count);
        CAPTURE(batch);
        CAPTURE(length);
        const TokenStream stream(counted(count), batch, length);
        CHECK(stream.predictions() == count - 1);
        std::vector<std::vector<std::int32_t>> predicted(static_cast<std::size_t>(batch));
        std::int64_t total = 0;
        for (std::int64_t window = 0; window < stream.batches(); ++window) {
          const Batch made = stream.make(window);
          const auto tokens = list(made.input("tokens")), targets = list(made.input("targets"));
          std::int64_t here = 0;
          for (std::size_t i = 0; i < targets.size(); ++i) {
            if (targets[i] < 0) {
              CHECK(targets[i] == -1);
              CHECK(tokens[i] == 0);
              continue;
            }
            ++here;
            CHECK(targets[i] == tokens[i] + 1);
            predicted[i % static_cast<std::size_t>(batch)].push_back(targets[i]);
          }
          CHECK(here == made.counted);
          CHECK(here > 0);
          total += here;
        }
        CHECK(total == count - 1);
        // One after the other the streams hold all targets in order, and are as long as each other.
        std::int32_t next = 1001;
        for (const auto& stream_targets : predicted) {
          CHECK(predicted.front().size() - stream_targets.size() <= 1);
          for (const std::int32_t target : stream_targets) CHECK(target == next++);
        }
      }
}

TEST_CASE("token stream: filling a used batch gives the same, also one of another shape") {
  const TokenStream stream(counted(101), 8, 5);
  Batch used = TokenStream({1, 2, 3}, 2, 1).make(0);
  for (const std::int64_t position : {0, 2, 1, 7, 100}) {
    stream.fill(position, used);
    const Batch made = stream.make(position);
    CHECK(list(used.input("tokens")) == list(made.input("tokens")));
    CHECK(list(used.input("targets")) == list(made.input("targets")));
    CHECK(used.input("keep").as<float>()[0] == made.input("keep").as<float>()[0]);
    CHECK(used.counted == made.counted);
    CHECK(used.position == position);
  }
}

TEST_CASE("token stream: what is refused") {
  CHECK_THROWS_AS(TokenStream({1, 2}, 0, 1), UsageError);
  CHECK_THROWS_AS(TokenStream({1, 2}, 1, 0), UsageError);
  CHECK_THROWS_AS(TokenStream({1}, 1, 1), DataError);
  CHECK_THROWS_AS(TokenStream({}, 1, 1), DataError);
  const TokenStream stream({1, 2, 3}, 1, 2);
  CHECK_THROWS_AS(stream.make(0).input("labels"), UsageError);
  CHECK_THROWS_AS(stream.make(-1), UsageError);
}

}  // namespace abax::data
