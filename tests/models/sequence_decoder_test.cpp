// Sequences from inputs given by name: as a Translator packs them, row by row, refused where they
// do not fit.
#include "models/generation/sequence_decoder.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "models/generation/translator.h"
#include "models/seq2seq.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

const ModelSettings& settings() {
  static const ModelSettings of("seq2seq",
                                Seq2Seq{.source_vocabulary = 9,
                                        .vocabulary = 7,
                                        .blocks = {.kind = "gru", .width = 8, .layers = 1}});
  return of;
}

void create(Variables& store) {
  Graph g(store, Mode::train, "create");
  sequence_to_sequence(g, settings().as<Seq2Seq>(), {.batch = 1, .length = 1, .target_length = 1});
  test::shake(store, 0.7);
}

BeamConfig search_of(std::int64_t beam) {
  return {.beam = beam, .n_best = beam, .limit = 6, .begin = 1, .end = 2};
}

/// Sources {3, 4, 2}, {8, 2} and a row that holds none, [4, 3].
struct Sources {
  Tensor source = Tensor::of<std::int32_t>({4, 3}, {3, 8, 0, 4, 2, 0, 2, 0, 0, 0, 0, 0});
  Tensor lengths = Tensor::of<std::int32_t>({3}, {3, 2, 0});
  std::vector<NamedTensor> inputs() const {
    return {{"source", source}, {"source_lengths", lengths}, {"labels", lengths}};
  }
};

}  // namespace

TEST_CASE("sequence decoder: inputs by name give what a translator gives for these sources") {
  Variables store(4);
  create(store);
  Workers workers(2);
  const std::vector<std::vector<std::int32_t>> sources{{3, 4, 2}, {8, 2}};
  const DecodingShape shape{.batch = 3, .length = 4, .beam = 3, .limit = 7};
  const Sources packed;
  SequenceDecoder decoder(store, settings(), shape, workers);
  CHECK(decoder.reads("source"));
  CHECK_FALSE(decoder.reads("labels"));  // what it does not read is left out
  const auto found = decoder.search(packed.inputs(), 2, search_of(3));
  const auto expected =
      Translator(store, settings(), shape, workers).translate(sources, search_of(3));
  REQUIRE(found.size() == 2);
  for (std::size_t s = 0; s < 2; ++s) {
    REQUIRE(found[s].size() == expected[s].size());
    for (std::size_t i = 0; i < found[s].size(); ++i) {
      CHECK(found[s][i].tokens == expected[s][i].tokens);
      CHECK(found[s][i].log_probability == expected[s][i].log_probability);
    }
  }

  SequenceDecoder narrow(store, settings(), {.batch = 3, .length = 4, .limit = 7}, workers);
  Translator translator(store, settings(), {.batch = 3, .length = 4, .limit = 7}, workers);
  Sampler sampler({.temperature = 2});
  Random random(1), same(1);
  const auto drawn = narrow.sample(packed.inputs(), 2, search_of(1), sampler, random);
  const auto again = translator.sample(sources, search_of(1), sampler, same);
  REQUIRE(drawn.size() == 2);
  for (std::size_t s = 0; s < 2; ++s) CHECK(drawn[s].tokens == again[s].tokens);
}

TEST_CASE("sequence decoder: what does not fit is refused") {
  Variables store(4);
  create(store);
  Workers workers(1);
  const Sources packed;
  SequenceDecoder decoder(store, settings(), {.batch = 3, .length = 4, .beam = 2, .limit = 7},
                          workers);
  const auto refuses = [&](std::span<const NamedTensor> inputs, std::int64_t count,
                           const BeamConfig& search) {
    CHECK_THROWS_AS(decoder.search(inputs, count, search), UsageError);
  };
  const std::vector<NamedTensor> all = packed.inputs();
  refuses(all, 4, search_of(2));
  refuses(all, -1, search_of(2));
  refuses(all, 3, search_of(3));
  BeamConfig far = search_of(2);
  far.limit = 7;
  refuses(all, 3, far);
  refuses(std::span(all).first(1), 3, search_of(2));  // no lengths
  const Tensor narrow({4, 2}, i32);
  const std::vector<NamedTensor> other{{"source", narrow}, {"source_lengths", packed.lengths}};
  refuses(other, 2, search_of(2));
  CHECK(decoder.search(all, 0, search_of(2)).empty());
  CHECK_THROWS_WITH_AS(SequenceDecoder(store, ModelSettings("classifier"), {}, workers),
                       doctest::Contains("makes no sequence"), UsageError);
}

}  // namespace abax
