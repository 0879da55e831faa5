// Lines to codes and back, in order, whatever their lengths; what another sentence's codes cost.
#include "models/generation/sentence_coder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/conditional_vae.h"
#include "models/data/text/sentence_batches.h"
#include "models/metrics/other_code_cost.h"
#include "models/registry.h"
#include "models/text_vae.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

using doctest::Contains;
using Lines = std::vector<std::string>;

constexpr std::int64_t context = 7;

const data::Tokenizer& letters() {
  static const data::Tokenizer tokenizer = data::Tokenizer::words("a b c d e f g h");
  return tokenizer;
}

ModelSettings settings(const char* latent, const char* blocks = "lstm") {
  const SequenceBlocks both{
      .kind = blocks, .width = 8, .heads = 2, .feed_forward = 12, .context = context};
  TextVae c{.text = {.vocabulary = data::target_vocabulary(letters()),
                     .encoder = both,
                     .decoder = {both}},
            .latent = GaussianLatent{.latents = 3}};
  if (std::string_view(latent) == "categorical")
    c.latent = CategoricalLatent{.latents = 4, .categories = 3};
  if (std::string_view(latent) == "none") c.latent = GaussianLatent{.latents = 0};
  return {"text_vae", c};
}

/// Every kind, the store of each holding its model.
struct Case {
  ModelSettings model;
  Variables store{3};
  explicit Case(ModelSettings settings) : model(std::move(settings)) {
    Graph g(store, Mode::train, "create");
    model.entry().build(g, model, {.batch = 1, .length = context});
    test::shake(store, 0.7);
  }
};
std::vector<ModelSettings> kinds() {
  return {settings("gaussian"), settings("categorical"), settings("gaussian", "transformer"),
          settings("none")};
}

/// Lines of 0 to 6 words, mixed.
Lines some_lines(std::int64_t count) {
  Lines lines;
  for (std::int64_t i = 0; i < count; ++i) {
    std::string line;
    for (std::int64_t word = 0; word < i * 5 % 7; ++word)
      line += str_cat(line.empty() ? "" : " ", static_cast<char>('a' + (i + 3 * word) % 8));
    lines.push_back(line);
  }
  return lines;
}

std::string bytes(const Tensor& codes) {
  const auto* first = static_cast<const char*>(codes.data());
  return {first, first + codes.bytes()};
}

/// Row `row` alone.
Tensor row_of(const Tensor& codes, std::int64_t row) {
  Tensor result(codes.shape().with(0, 1), codes.dtype());
  std::memcpy(
      result.data(),
      static_cast<const char*>(codes.data()) + static_cast<std::size_t>(row) * result.bytes(),
      result.bytes());
  return result;
}

/// Equal, real numbers but for what sums over more or less padding round.
void check_near(const Tensor& a, const Tensor& b) {
  REQUIRE(a.type() == b.type());
  if (a.dtype() == i32) CHECK(bytes(a) == bytes(b));
  for (std::size_t i = 0; a.dtype() == f32 && i < a.as<float>().size(); ++i)
    CHECK(a.as<float>()[i] == doctest::Approx(b.as<float>()[i]).epsilon(1e-5));
}

data::LabelledText text_of(const Lines& lines) {
  return {lines, std::vector<std::int32_t>(lines.size()), {}, {"all"}, {}};
}

}  // namespace

TEST_CASE("coder: sentences of several lengths, in batches of any size, as each is alone") {
  for (const ModelSettings& kind : kinds()) {
    Case c(kind);
    Workers workers(2);
    const Lines lines = some_lines(23);
    // Rows just as many as a batch of the coder's, fewer and more.
    for (const std::int64_t rows : {4, 3, 9}) {
      CAPTURE(rows);
      const data::Sentences batches(text_of(lines), letters(),
                                    {.batches = {.rows = rows, .buckets = 3}, .shuffled = false});
      Coder coder(c.store, c.model, workers, {.batch = 4});
      const EncodedItems all = encode(coder, batches);
      REQUIRE(all.codes.shape() == Shape{23, coder.shape().positions});
      CHECK(all.labels == std::vector<std::int32_t>(23, -1));
      std::int64_t item = 0;
      for (std::int64_t position = 0; position < batches.batches(); ++position)
        for (const std::int64_t line : batches.rows(position)) {
          const Lines alone{lines[static_cast<std::size_t>(line)]};
          const data::Sentences one(text_of(alone), letters(), {});
          Coder single(c.store, c.model, workers, {.batch = 1});
          check_near(row_of(all.codes, item++), encode(single, one).codes);
        }
    }
    Coder coder(c.store, c.model, workers);
    CHECK_THROWS_WITH_AS(coder.decode(coder.sample(1)), Contains("SentenceCoder"), UsageError);
  }
}

TEST_CASE("sentence coder: codes in the order of the lines, long ones cut and counted") {
  Case c(settings("gaussian"));
  Workers workers(1);
  SentenceCoder coder(c.store, c.model, letters(), 1, workers);
  Lines lines = some_lines(70);  // more than one batch
  lines[5] = "a b c d e f g h";
  lines[9] = "a b c d e f";
  const Tensor codes = coder.encode(lines);
  CHECK(coder.cut_lines() == 1);
  CHECK(codes.shape() == Shape{70, 3});
  CHECK(bytes(row_of(codes, 5)) == bytes(row_of(codes, 9)));  // the cut one is its first tokens
  for (const std::size_t i : {0, 1, 33, 69}) {
    const Tensor alone = coder.encode({lines[i]});
    CHECK(coder.cut_lines() == 0);
    CHECK(bytes(alone) == bytes(row_of(codes, static_cast<std::int64_t>(i))));
  }
  CHECK(coder.encode({}).shape() == Shape{0, 3});
  const Tensor drawn = coder.encode(lines, Codes::sampled);
  CHECK(bytes(drawn) != bytes(codes));
  CHECK_THROWS_AS(coder.encode({"a\xff"}), DataError);
}

TEST_CASE("sentence coder: sentences of codes follow them, not what goes with them or threads") {
  for (const ModelSettings& kind : kinds()) {
    Case c(kind);
    const Lines lines = some_lines(67);
    const auto written = [&](int threads, std::int64_t beam) {
      Workers workers(threads);
      SentenceCoder coder(c.store, c.model, letters(), beam, workers);
      const Tensor codes = coder.encode(lines);
      Lines result;
      const auto found = coder.decode(codes, {.beam = beam, .n_best = beam});
      REQUIRE(found.size() == 67);
      for (std::size_t i = 0; i < found.size(); ++i) {
        REQUIRE_FALSE(found[i].empty());
        for (const Hypothesis& h : found[i]) {
          CHECK(std::ssize(h.tokens) < context);
          result.push_back(coder.line_of(h));
        }
        if (i % 13 == 0)
          CHECK(coder.decode(row_of(codes, static_cast<std::int64_t>(i)), {.beam = beam})[0][0]
                    .tokens == found[i][0].tokens);
      }
      if (beam == 1) {
        Sampler sampler({});
        Random random(7);
        for (const Hypothesis& h : coder.sample(codes, sampler, random))
          result.push_back(coder.line_of(h));
        for (const Hypothesis& h : coder.sample(coder.prior(5), sampler, random))
          result.push_back(coder.line_of(h));
        CHECK((coder.shape().positions == 0 || bytes(coder.prior(5)) != bytes(coder.prior(5))));
      }
      return result;
    };
    for (const std::int64_t beam : {1, 3}) CHECK(written(1, beam) == written(3, beam));
    CHECK(written(1, 1) != Lines(written(1, 1).size(), written(1, 1)[0]));
  }
}

TEST_CASE("sentence coder: greedy words are the likeliest of the whole graph") {
  for (const ModelSettings& kind : kinds()) {
    Case c(kind);
    Workers workers(1);
    SentenceCoder coder(c.store, c.model, letters(), 1, workers);
    const Tensor codes = coder.encode({"a b c", "h g"});
    const auto found = coder.decode(codes, {.beam = 1});
    for (std::size_t row = 0; row < 2; ++row) {
      // log p(x|z) of the whole graph, of the words that were written.
      const Hypothesis& best = found[row][0];
      const data::Sentences one(text_of({coder.line_of(best)}), letters(), {});
      if (std::ssize(best.tokens) == context - 1) continue;  // ended by the limit
      const data::Batch batch = one.make(0);
      Graph g(c.store, Mode::evaluate, str_cat("whole", row));
      const Tensor code = row_of(codes, static_cast<std::int64_t>(row));
      const Value given = g.input("codes", code.shape(), code.dtype());
      const Value log_likelihood =
          c.model.entry().autoencoder.log_likelihood(g, c.model, one.shapes()[0], given);
      test::Inputs inputs{{"codes", &code}};
      for (const auto& [name, tensor] : batch.inputs) inputs.emplace_back(name, &tensor);
      CHECK(test::run(log_likelihood, inputs)[0] ==
            doctest::Approx(best.log_probability).epsilon(1e-4));
    }
  }
}

TEST_CASE("sentence coder: labels that a model reads go with their sentences") {
  const SequenceBlocks both{.kind = "gru", .width = 8, .context = context};
  Case c(ModelSettings("conditional_vae",
                       ConditionalVae{.text = {.vocabulary = data::target_vocabulary(letters()),
                                               .encoder = both,
                                               .decoder = {both}},
                                      .condition = LabelCondition{3},
                                      .latent = {.latents = 3},
                                      .width = 8}));
  Workers workers(1);
  SentenceCoder coder(c.store, c.model, letters(), 1, workers);
  CHECK(coder.reads_labels());
  const Lines lines(70, "a b c");
  SentenceCoder::Labels labels;
  for (int i = 0; i < 70; ++i) labels.push_back(i % 3 - 1);
  const Tensor codes = coder.encode(lines, Codes::likeliest, labels);
  for (std::int64_t i = 3; i < 70; ++i) {
    CHECK(bytes(row_of(codes, i)) == bytes(row_of(codes, i % 3)));
    CHECK(bytes(row_of(codes, i)) != bytes(row_of(codes, (i + 1) % 3)));
  }
  CHECK(bytes(row_of(codes, 0)) == bytes(coder.encode({"a b c"})));  // -1 where none is given
  const auto score = [&](const Tensor& of, const SentenceCoder::Labels& given, std::size_t row) {
    return coder.decode(of, {.beam = 1}, given)[row][0].log_probability;
  };
  Tensor same({70, 3});
  for (const std::size_t i : {1, 2, 68, 69}) {
    CHECK(score(same, labels, i) == score(same, labels, i % 3));
    CHECK(score(same, labels, i) != score(same, labels, (i + 1) % 3));
  }
  CHECK(score(same, labels, 0) == score(same, {}, 5));
  Sampler sampler({.temperature = 0});
  Random random(1);
  CHECK(coder.sample(same, sampler, random, labels)[69].log_probability == score(same, labels, 69));
  CHECK_THROWS_WITH_AS(coder.decode(same, {.beam = 1}, {1, 2}), Contains("a label for each of 70"),
                       UsageError);
  CHECK_THROWS_AS(coder.encode({"a"}, Codes::likeliest, {1, 2}), UsageError);
  CHECK_THROWS_AS(coder.encode({"a"}, Codes::likeliest, {3}), DataError);
  // One that reads none takes no notice.
  Case plain(settings("gaussian"));
  SentenceCoder other(plain.store, plain.model, letters(), 1, workers);
  CHECK_FALSE(other.reads_labels());
  CHECK(bytes(other.encode({"a b"}, Codes::likeliest, {7})) == bytes(other.encode({"a b"})));
}

TEST_CASE("sentence coder: what does not fit is refused") {
  Case c(settings("categorical"));
  Workers workers(1);
  SentenceCoder coder(c.store, c.model, letters(), 2, workers);
  const Tensor codes = Tensor::of<std::int32_t>({1, 4}, {0, 1, 2, 0});
  CHECK(coder.decode(codes, {.beam = 2}).size() == 1);
  CHECK_THROWS_AS(coder.decode(codes, {.beam = 1}), UsageError);
  Sampler sampler({});
  Random random(1);
  CHECK_THROWS_AS(coder.sample(codes, sampler, random), UsageError);
  CHECK_THROWS_AS(coder.decode(Tensor({1, 3}, i32), {.beam = 2}), ShapeError);
  CHECK_THROWS_AS(coder.decode(Tensor({1, 4}), {.beam = 2}), ShapeError);
  CHECK_THROWS_AS(coder.decode(Tensor::of<std::int32_t>({1, 4}, {0, 1, 3, 0}), {.beam = 2}),
                  DataError);
  CHECK_THROWS_WITH_AS(SentenceCoder(c.store, ModelSettings("vqvae"), letters(), 1, workers),
                       Contains("writes no sequence"), UsageError);
  CHECK_THROWS_AS(SentenceCoder(c.store, ModelSettings("seq2seq"), letters(), 1, workers),
                  UsageError);
  CHECK_THROWS_WITH_AS(SentenceCoder(c.store, ModelSettings("text_vae"), letters(), 1, workers),
                       Contains("how long a sequence may be"), UsageError);
}

TEST_CASE("other code cost: of two sentences by its definition, none where codes are not read") {
  for (const char* latent : {"gaussian", "categorical"}) {
    CAPTURE(latent);
    Case c(settings(latent));
    Workers workers(1);
    const data::Sentences two(text_of({"a b c", "h g"}), letters(),
                              {.batches = {.rows = 4, .buckets = 1}, .shuffled = false});
    const double cost = other_code_cost(c.store, c.model, workers, two);
    Coder coder(c.store, c.model, workers);
    const Tensor codes = encode(coder, two, Codes::sampled).codes;
    double expected = 0;
    int graphs = 0;
    for (const bool other : {false, true}) {
      const BatchShape& shape = two.shapes()[0];
      Tensor given({shape.batch, codes.shape()[1]}, codes.dtype());
      const std::size_t size = row_of(codes, 0).bytes();
      for (std::int64_t row = 0; row < 2; ++row)
        std::memcpy(static_cast<char*>(given.data()) + static_cast<std::size_t>(row) * size,
                    row_of(codes, other ? 1 - row : row).data(), size);
      const data::Batch batch = two.make(0);
      Graph g(c.store, Mode::evaluate, str_cat("whole", graphs++));
      const Value in = g.input("codes", given.shape(), given.dtype());
      const Value value = c.model.entry().autoencoder.log_likelihood(g, c.model, shape, in);
      test::Inputs inputs{{"codes", &given}};
      for (const auto& [name, tensor] : batch.inputs) inputs.emplace_back(name, &tensor);
      const auto each = test::run(value, inputs);
      expected += (other ? -1 : 1) * (each[0] + each[1]) / 2;
    }
    CHECK(std::abs(expected) > 0.01);
    CHECK(cost == doctest::Approx(expected).epsilon(1e-5));

    // Of many, the same by any number of threads.
    const data::Sentences many(text_of(some_lines(40)), letters(), {.batches = {.rows = 7}});
    Workers three(3);
    CHECK(other_code_cost(c.store, c.model, workers, many) ==
          other_code_cost(c.store, c.model, three, many));
    // A decoder that does not read its latent.
    for (int i = 0; i < c.store.count(); ++i)
      if (c.store[i].name.starts_with("decoder/latent/"))
        std::ranges::fill(c.store[i].write().as<float>(), 0.f);
    CHECK(other_code_cost(c.store, c.model, workers, many) == 0);
    const data::Sentences one(text_of({"a"}), letters(), {});
    CHECK_THROWS_AS(other_code_cost(c.store, c.model, workers, one), UsageError);
    CHECK_THROWS_AS(other_code_cost(c.store, ModelSettings("vqvae"), workers, two), UsageError);
  }
}

}  // namespace abax
