// Encoders: which tokens each of their values depends on.
#include "models/layers/encoder.h"

#include <doctest/doctest.h>

#include <cmath>

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

constexpr std::int64_t length = 4, batch = 2, width = 6;
constexpr std::array<std::int32_t, batch> lengths{4, 3};

/// For each position t of item `item`, whether the encoder's values [first, last) there change with
/// the token at `changed`.
std::vector<bool> depends(const SequenceBlocks& config, std::int64_t item, std::int64_t changed,
                          std::int64_t first, std::int64_t last) {
  Variables store(3);
  Graph g(store);
  const Value tokens = g.input("tokens", {length, batch}, i32, values_in(0, 9));
  const Value counts = g.input("lengths", {batch}, i32);
  const Encoded encoded = encode(tokens, counts, embedding_table(g, 9, config), config);
  test::shake(store);
  Tensor read = test::some_tokens(length, batch, 9);
  const Tensor lengths_tensor = Tensor::of<std::int32_t>({batch}, std::span(lengths));
  const test::Inputs inputs{{"tokens", &read}, {"lengths", &lengths_tensor}};
  const auto before = test::run(encoded.y, inputs);
  auto& token = read.as<std::int32_t>()[static_cast<std::size_t>(changed * batch + item)];
  token = (token + 1) % 9;
  const auto after = test::run(encoded.y, inputs);
  std::vector<bool> result;
  for (std::int64_t t = 0; t < lengths[static_cast<std::size_t>(item)]; ++t) {
    const auto begin = (t * batch + item) * width;
    result.push_back(!std::equal(before.begin() + begin + first, before.begin() + begin + last,
                                 after.begin() + begin + first));
  }
  return result;
}

using Pattern = std::vector<bool>;

}  // namespace

TEST_CASE("encoder: an LSTM reads forward; bidirectional, its second half reads backward") {
  SequenceBlocks config{.kind = "lstm", .width = width};
  CHECK(depends(config, 0, 1, 0, width) == Pattern{false, true, true, true});
  CHECK(depends(config, 1, 2, 0, width) == Pattern{false, false, true});
  config.bidirectional = true;
  for (const int layers : {1, 2}) {
    config.layers = layers;
    const bool mixed = layers > 1;  // the second layer reads both halves of the first
    CHECK(depends(config, 0, 1, 0, 3) == Pattern{mixed, true, true, true});
    CHECK(depends(config, 0, 1, 3, 6) == Pattern{true, true, mixed, mixed});
    CHECK(depends(config, 1, 2, 3, 6) == Pattern{true, true, true});
    CHECK(depends(config, 1, 0, 3, 6) == Pattern{true, mixed, mixed});
  }
}

TEST_CASE("encoder: a Transformer's values depend on all tokens of their sequence, no padding") {
  const SequenceBlocks config{.width = width, .heads = 2, .context = length};
  CHECK(depends(config, 0, 3, 0, width) == Pattern{true, true, true, true});
  CHECK(depends(config, 1, 0, 0, width) == Pattern{true, true, true});
  CHECK(depends(config, 1, 3, 0, width) == Pattern{false, false, false});  // beyond its length
}

TEST_CASE("encoder: unknown blocks are refused") {
  CHECK_THROWS_AS(are_transformer({.kind = "conv"}), UsageError);
}

TEST_CASE("encoder: no layers are refused") {
  for (const char* kind : {"transformer", "lstm"}) {
    Variables store(1);
    Graph g(store);
    const SequenceBlocks c{.kind = kind, .width = 8, .layers = 0};
    CHECK_THROWS_WITH_AS(encode(g.input("tokens", {3, 2}, i32), g.input("lengths", {2}, i32),
                                embedding_table(g, 5, c, "embedding"), c),
                         doctest::Contains("at least one layer, not 0"), UsageError);
  }
}

}  // namespace abax
