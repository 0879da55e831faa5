// Lines through a translator: in order, empty ones as empty ones, cut ones counted.
#include "models/generation/line_translator.h"

#include <doctest/doctest.h>

#include "core/base/text.h"
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

}  // namespace abax
