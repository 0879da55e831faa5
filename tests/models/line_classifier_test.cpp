// Classes of lines: the probabilities of each line on its own, whatever stands beside it.
#include "models/generation/line_classifier.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "models/classifier.h"
#include "models/registry.h"
#include "ops/normalise.h"
#include "tests/models/check_gradients.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

const std::string content = "a b c d e f";
constexpr std::int64_t context = 5;

ModelSettings classifier(const std::string& blocks, std::int64_t vocabulary) {
  Classifier s{.vocabulary = vocabulary, .classes = 3};
  s.blocks.kind = blocks;
  s.blocks.width = 8;
  s.blocks.heads = 2;
  if (blocks == "transformer") s.blocks.context = context;
  return {"classifier", s};
}

/// Of one line by a graph of its own.
std::vector<float> alone(Variables& store, const ModelSettings& settings,
                         const std::vector<std::int32_t>& line, std::int64_t number) {
  const std::int64_t length = std::ssize(line);
  Graph g(store, Mode::evaluate, "alone " + std::to_string(number));
  const Model model = settings.entry().build(g, settings, {.batch = 1, .length = length});
  Tensor tokens({length, 1}, i32), lengths({1}, i32), labels({1}, i32);
  std::ranges::copy(line, tokens.as<std::int32_t>().begin());
  lengths.as<std::int32_t>()[0] = static_cast<std::int32_t>(length);
  return test::run(softmax(model.output),
                   {{"tokens", &tokens}, {"lengths", &lengths}, {"labels", &labels}});
}

}  // namespace

TEST_CASE(
    "line classifier: each line has its own probabilities, in order, one without words none") {
  const auto tokenizer = data::Tokenizer::words(content);
  for (const char* blocks : {"lstm", "gru", "transformer"}) {
    CAPTURE(blocks);
    const ModelSettings settings = classifier(blocks, tokenizer.vocabulary());
    Variables store(3);
    {
      Graph g(store, Mode::train, "create");
      settings.entry().build(g, settings, {.batch = 1, .length = 2});
    }
    test::shake(store);
    // More lines than a batch has, of many lengths; among them empty ones.
    Random random(stream_key(1, "test", "lines"));
    std::vector<std::string> lines;
    for (int i = 0; i < 150; ++i) {
      std::string line;
      for (std::int64_t words = random.below(context + 1); words > 0; --words) {
        line += line.empty() ? "" : " ";
        line += static_cast<char>('a' + random.below(8));  // two that are unknown
      }
      lines.push_back(i % 10 == 7 ? "  " : line);
    }
    Workers workers(2);
    LineClassifier all(store, settings, tokenizer, workers);
    const auto found = all.classify(lines);
    REQUIRE(found.size() == lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::vector<std::int32_t> tokens = tokenizer.encode(lines[i]);
      CHECK(found[i].empty() == tokens.empty());
      if (tokens.empty()) continue;
      REQUIRE(found[i].size() == 3);
      CHECK(std::accumulate(found[i].begin(), found[i].end(), 0.) == doctest::Approx(1));
      if (i % 5 == 0)
        CHECK(test::difference(
                  found[i], alone(store, settings, tokens, static_cast<std::int64_t>(i))) < 1e-5);
    }
    CHECK(all.classify(lines) == found);
    CHECK(all.classify({}).empty());
    CHECK(all.classify({"", " "}) == std::vector<std::vector<float>>(2));
  }
}

TEST_CASE("line classifier: a line beyond the context is cut, of recurrent layers none is") {
  const auto tokenizer = data::Tokenizer::words(content);
  for (const char* blocks : {"lstm", "transformer"}) {
    const ModelSettings settings = classifier(blocks, tokenizer.vocabulary());
    Variables store(3);
    {
      Graph g(store, Mode::train, "create");
      settings.entry().build(g, settings, {.batch = 1, .length = 2});
    }
    test::shake(store);
    Workers workers(1);
    LineClassifier lines(store, settings, tokenizer, workers);
    const auto found = lines.classify({"a b c d e", "a b c d e f f f"});
    CHECK((found[0] == found[1]) == (blocks == std::string("transformer")));
  }
}

}  // namespace abax
