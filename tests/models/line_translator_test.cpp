// Lines through a translator: in order, empty ones as empty ones, cut ones counted.
#include "models/generation/line_translator.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/conditional_vae.h"
#include "models/data/text/sentence_batches.h"
#include "models/registry.h"
#include "models/seq2seq.h"
#include "tests/graph/refusal.h"
#include "tests/models/run_model.h"

namespace abax {

TEST_CASE("line translator: a line without tokens gives an empty line, cut lines are counted") {
  const std::string content = "a b c d e f";
  const PairTokenizers tokenizers{data::Tokenizer::words(content), data::Tokenizer::words(content)};
  Seq2Seq s{.source_vocabulary = data::source_vocabulary(tokenizers.source),
            .vocabulary = data::target_vocabulary(tokenizers.target),
            .blocks = {.width = 8, .layers = 1, .heads = 2, .context = 5}};
  const ModelSettings settings("seq2seq", s);
  Variables store(3);
  {
    Graph g(store, Mode::train, "create");
    settings.entry().build(g, settings, {.batch = 1, .length = 3, .target_length = 3});
  }
  test::shake(store);
  const int before = store.count();
  Workers workers(1);
  LineTranslator translator(store, settings, tokenizers, 2, workers);
  const std::vector<std::string> lines{"a b", "", "c d e f", "   ", "c d e f a b", "f"};
  const auto found = translator.translate(lines, {.beam = 2, .n_best = 2});
  REQUIRE(found.size() == lines.size());
  for (const std::size_t empty : {1, 3}) {
    REQUIRE(found[empty].size() == 2);  // as many lines of output as the others have
    for (const Hypothesis& h : found[empty]) CHECK(line_of(h, tokenizers).empty());
  }
  CHECK(translator.cut_lines() == 1);
  // Each as it is alone; the cut one is that of its first tokens.
  for (const std::size_t i : {0, 2, 4, 5}) {
    const auto alone = translator.translate({lines[i]}, {.beam = 2, .n_best = 2});
    CHECK(translator.cut_lines() == (i == 4 ? 1 : 0));
    REQUIRE(alone[0].size() == found[i].size());
    CHECK(alone[0][0].tokens == found[i][0].tokens);
  }
  CHECK(found[4][0].tokens == found[2][0].tokens);
  CHECK(translator.translate({}, {.beam = 2}).empty());
  CHECK(translator.translate({"", ""}, {.beam = 2}).size() == 2);
  CHECK(store.count() == before);
}

TEST_CASE("line translator: models that write nothing, or nobody knows how much, are refused") {
  const PairTokenizers tokenizers{data::Tokenizer::bytes(), data::Tokenizer::bytes()};
  Variables store;
  Workers workers(1);
  for (const ModelSettings& settings :
       {ModelSettings("lstm_lm"), ModelSettings("seq2seq", Seq2Seq{.blocks = {.kind = "lstm"}})}) {
    const std::string message =
        test::refusal([&] { LineTranslator(store, settings, tokenizers, 1, workers); });
    CHECK(message.find(settings.name()) != std::string::npos);
    CHECK(message.find("line_translator_test.cpp:") != std::string::npos);
  }
}

TEST_CASE("line translator: lines of any length come out as from plans of the longest") {
  const std::string content = "a b c d e f g h i";
  const PairTokenizers tokenizers{data::Tokenizer::words(content), data::Tokenizer::words(content)};
  constexpr std::int64_t context = 13;
  for (const char* kind : {"transformer", "gru"}) {
    CAPTURE(std::string(kind));
    const ModelSettings settings(
        "seq2seq",
        Seq2Seq{.source_vocabulary = data::source_vocabulary(tokenizers.source),
                .vocabulary = data::target_vocabulary(tokenizers.target),
                .blocks = {.kind = kind, .width = 8, .layers = 1, .heads = 2, .context = context}});
    Variables store(3);
    {
      Graph g(store, Mode::train, "create");
      settings.entry().build(g, settings, {.batch = 1, .length = 3, .target_length = 3});
    }
    test::shake(store);
    Workers workers(1);
    const BeamConfig search{.beam = 3,
                            .n_best = 3,
                            .limit = context - 1,
                            .begin = data::target_begin(tokenizers.target),
                            .end = data::target_end(tokenizers.target)};
    LineTranslator lines(store, settings, tokenizers, 3, workers);
    Translator whole(store, settings, {.batch = 21, .length = context, .beam = 3, .limit = context},
                     workers);
    std::string line;
    for (std::int64_t length = 1; length < context; ++length) {
      CAPTURE(length);
      line += str_cat(length > 1 ? " " : "", content[static_cast<std::size_t>(length * 4 % 18)]);
      std::vector<std::int32_t> tokens = tokenizers.source.encode(line);
      REQUIRE(std::ssize(tokens) == length);
      tokens.push_back(data::source_end(tokenizers.source));
      const auto found = lines.translate({line}, search)[0];
      const std::vector<std::vector<std::int32_t>> alone{tokens};
      const auto expected = whole.translate(alone, search)[0];
      REQUIRE(found.size() == expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        CHECK(found[i].tokens == expected[i].tokens);
        CHECK(found[i].score == expected[i].score);
      }
    }
  }
}

TEST_CASE("line translator: codes go with their lines, without any they are zeros") {
  const std::string content = "a b c d e f";
  const PairTokenizers tokenizers{data::Tokenizer::words(content), data::Tokenizer::words(content)};
  const SequenceBlocks both{.kind = "gru", .width = 8, .context = 6};
  const ModelSettings settings(
      "conditional_vae",
      ConditionalVae{.text = {.vocabulary = data::target_vocabulary(tokenizers.target),
                              .encoder = both,
                              .decoder = {both}},
                     .condition = SourceCondition{data::source_vocabulary(tokenizers.source)},
                     .latent = {.latents = 3},
                     .width = 8});
  Variables store(3);
  {
    Graph g(store, Mode::train, "create");
    settings.entry().build(g, settings, {.batch = 1, .length = 3, .target_length = 3});
  }
  test::shake(store, 0.7);
  Workers workers(1);
  LineTranslator translator(store, settings, tokenizers, 1, workers);
  // More than a batch of them, of mixed lengths, some without tokens.
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < 90; ++i) lines.push_back(content.substr(0, i * 7 % 10));
  Tensor codes({90, 3}), zeros({90, 3});
  for (std::size_t i = 0; i < 270; ++i) codes.as<float>()[i] = 2 * static_cast<float>(i % 7) - 6;
  const auto scores = [&](const std::vector<std::string>& of, const Tensor& by) {
    std::vector<double> result;
    for (const auto& found : translator.translate(of, {.beam = 1}, by))
      result.push_back(found[0].log_probability);
    return result;
  };
  const std::vector<double> found = scores(lines, codes), plain = scores(lines, {});
  CHECK(plain == scores(lines, zeros));
  for (const std::size_t i : {1, 2, 33, 64, 88, 89}) {
    CAPTURE(i);
    Tensor own({1, 3});
    std::copy_n(codes.as<float>().begin() + static_cast<std::ptrdiff_t>(3 * i), 3,
                own.as<float>().begin());
    CHECK(scores({lines[i]}, own)[0] == found[i]);
    CHECK(found[i] != plain[i]);
  }
  // The same by a translator whose batches are smaller.
  const DecodingShape shape{.batch = 2, .length = 6, .beam = 1, .limit = 6};
  Translator two(store, settings, shape, workers);
  const std::vector<std::vector<std::int32_t>> sources(5,
                                                       {1, 2, data::source_end(tokenizers.source)});
  Tensor five({5, 3});
  five.as<float>()[4 * 3] = 3;
  const BeamConfig search{.beam = 1,
                          .limit = 5,
                          .begin = data::target_begin(tokenizers.target),
                          .end = data::target_end(tokenizers.target)};
  const auto targets = two.translate(sources, search, five);
  CHECK(targets[2][0].log_probability == targets[0][0].log_probability);
  CHECK(targets[4][0].log_probability != targets[0][0].log_probability);

  Sampler likeliest({.temperature = 0});
  Random random(1);
  CHECK(translator.sample(lines, likeliest, random, codes)[33][0].log_probability == found[33]);

  CHECK_THROWS_WITH_AS(scores({"a"}, codes), doctest::Contains("for each of 1 lines"), ShapeError);
  CHECK_THROWS_AS(scores({"a"}, Tensor({1, 4})), ShapeError);
  CHECK_THROWS_AS(scores({"a"}, Tensor({1, 3}, i32)), ShapeError);
}

}  // namespace abax
