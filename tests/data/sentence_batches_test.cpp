// Batches of sentences: the inputs of the graphs, padding, limits, every target once.
#include "models/data/text/sentence_batches.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax::data {
namespace {

using doctest::Contains;
using Tokens = std::vector<std::int32_t>;

Tokens list(const Tensor& tensor) {
  const auto elements = tensor.as<std::int32_t>();
  return {elements.begin(), elements.end()};
}

/// Column `column` of [time, batch].
Tokens column(const Tensor& tensor, std::int64_t column) {
  Tokens result;
  for (std::int64_t time = 0; time < tensor.shape()[0]; ++time)
    result.push_back(
        tensor.as<std::int32_t>()[static_cast<std::size_t>(time * tensor.shape()[1] + column)]);
  return result;
}

ParallelText parallel(std::vector<std::string> source, std::vector<std::string> target) {
  ParallelText text{std::move(source), std::move(target), {}, "a.en", "a.de"};
  for (std::size_t i = 0; i < text.source.size(); ++i)
    text.lines.push_back(static_cast<std::int64_t>(i) + 1);
  return text;
}

const Tokenizer& letters() {
  static const Tokenizer tokenizer = Tokenizer::characters("aaaaabbbbcccdde");  // a: 1, ... e: 5
  return tokenizer;
}

/// Pairs of all lengths from 0 to 12, in a mixed order.
ParallelText mixed() {
  std::vector<std::string> source, target;
  for (std::size_t i = 0; i < 101; ++i) {
    source.emplace_back(i * 7 % 13, static_cast<char>('a' + i % 5));
    target.emplace_back(i * 5 % 11, static_cast<char>('a' + i % 4));
  }
  return parallel(std::move(source), std::move(target));
}

}  // namespace

TEST_CASE("sentence pairs: a small example by hand") {
  // Characters: a 1, b 2, ...; 6 in all, so the source's end is 6, the target's begin 6, end 7.
  const SentencePairs pairs(parallel({"ab", "c", ""}, {"e", "dd", "b"}), letters(), letters(),
                            {.batches = {.rows = 2, .buckets = 1}, .shuffled = false});
  CHECK(pairs.shapes() == std::vector<BatchShape>{{2, 3, 3}});
  CHECK(pairs.batches() == 2);
  CHECK(pairs.counted() == 7);
  CHECK(source_vocabulary(letters()) == 7);
  CHECK(target_vocabulary(letters()) == 8);
  Batch batch = pairs.make(0);  // in order of length: the third pair, then the first
  CHECK(pairs.rows(0) == std::vector<std::int64_t>{2, 0});
  CHECK(list(batch.input("source")) == Tokens{6, 1, 0, 2, 0, 6});
  CHECK(list(batch.input("source_lengths")) == Tokens{1, 3});
  CHECK(list(batch.input("tokens")) == Tokens{6, 6, 2, 5, 0, 0});
  CHECK(list(batch.input("targets")) == Tokens{2, 5, 7, 7, -1, -1});
  CHECK(batch.counted == 4);
  CHECK(batch.inputs.size() == 4);
  pairs.fill(3, batch);  // the second batch of the second pass; its second row is padding
  CHECK(batch.position == 3);
  CHECK(list(batch.input("source")) == Tokens{3, 0, 6, 0, 0, 0});
  CHECK(list(batch.input("source_lengths")) == Tokens{2, 0});
  CHECK(list(batch.input("tokens")) == Tokens{6, 0, 4, 0, 4, 0});
  CHECK(list(batch.input("targets")) == Tokens{4, -1, 4, -1, 7, -1});
  CHECK(batch.counted == 3);
}

TEST_CASE("conditioned sentences: pairs with the lengths of their targets, and weights") {
  const ParallelText text = parallel({"ab", "c", ""}, {"e", "dd", "b"});
  const SentenceOptions options{.batches = {.rows = 2, .buckets = 1}, .shuffled = false};
  const SentencePairs pairs(text, letters(), letters(), options);
  const ConditionedSentences sentences(text, letters(), letters(), options);
  CHECK(sentences.shapes() == pairs.shapes());
  for (const std::int64_t position : {0, 1, 3}) {
    const Batch batch = sentences.make(position), plain = pairs.make(position);
    const bool whole = position == 0;  // the second row of the others is padding
    CHECK(batch.inputs.size() == 6);
    for (const char* name : {"source", "source_lengths", "tokens", "targets"})
      CHECK(list(batch.input(name)) == list(plain.input(name)));
    CHECK(list(batch.input("lengths")) == (whole ? Tokens{2, 2} : Tokens{3, 0}));
    CHECK(batch.input("weights").as<float>()[0] == 1);
    CHECK(batch.input("weights").as<float>()[1] == (whole ? 1 : 0));
    CHECK(batch.counted == (whole ? 2 : 1));
  }
}

TEST_CASE("sentence pairs: each target is counted once a pass, in batches of the shapes") {
  const ParallelText text = mixed();
  for (const bool shuffled : {false, true}) {
    const SentencePairs pairs(
        text, letters(), letters(),
        {.batches = {.tokens = 40, .buckets = 3}, .shuffled = shuffled, .seed = 5});
    CHECK(pairs.shapes().size() == 3);
    std::map<std::int64_t, int> seen;
    std::int64_t counted = 0;
    Batch batch;
    for (std::int64_t position = 0; position < pairs.batches(); ++position) {
      pairs.fill(position, batch);
      const BatchShape& shape = pairs.shapes()[static_cast<std::size_t>(batch.shape)];
      REQUIRE(batch.input("source").type() == TensorType{{shape.length, shape.batch}, i32});
      REQUIRE(batch.input("source_lengths").type() == TensorType{{shape.batch}, i32});
      REQUIRE(batch.input("tokens").type() == TensorType{{shape.target_length, shape.batch}, i32});
      REQUIRE(batch.input("targets").type() == batch.input("tokens").type());
      const auto rows = pairs.rows(position);
      for (std::size_t row = 0; row < rows.size(); ++row) {
        const auto item = static_cast<std::size_t>(rows[row]);
        ++seen[rows[row]];
        Tokens source = letters().encode(text.source[item]);
        source.push_back(source_end(letters()));
        CHECK(batch.input("source_lengths").as<std::int32_t>()[row] == std::ssize(source));
        source.resize(static_cast<std::size_t>(shape.length), 0);
        CHECK(column(batch.input("source"), static_cast<std::int64_t>(row)) == source);
        Tokens target = letters().encode(text.target[item]);
        Tokens read = target;
        read.insert(read.begin(), target_begin(letters()));
        target.push_back(target_end(letters()));
        read.resize(static_cast<std::size_t>(shape.target_length), 0);
        target.resize(static_cast<std::size_t>(shape.target_length), -1);
        CHECK(column(batch.input("tokens"), static_cast<std::int64_t>(row)) == read);
        CHECK(column(batch.input("targets"), static_cast<std::int64_t>(row)) == target);
      }
      const Tokens targets = list(batch.input("targets"));
      const auto here = std::ranges::count_if(targets, [](std::int32_t t) { return t >= 0; });
      CHECK(batch.counted == here);
      counted += here;
    }
    CHECK(counted == pairs.counted());
    CHECK(seen.size() == text.size());
    CHECK(std::ranges::all_of(seen, [](const auto& entry) { return entry.second == 1; }));
  }
}

TEST_CASE("sentence pairs: another object gives the same batches from the middle of a pass") {
  const SentenceOptions options{.batches = {.tokens = 40, .buckets = 3}, .seed = 5};
  const SentencePairs a(mixed(), letters(), letters(), options);
  Batch running;
  for (std::int64_t position = 0; position < 2 * a.batches(); ++position) {
    a.fill(position, running);
    const Batch fresh = SentencePairs(mixed(), letters(), letters(), options).make(position);
    REQUIRE(fresh.shape == running.shape);
    for (const auto& [name, tensor] : fresh.inputs)
      CHECK(list(tensor) == list(running.input(name)));
  }
}

TEST_CASE("sentence pairs: beyond the limit, refused with file and line, or cut") {
  const ParallelText text = parallel({"a", "bbbb"}, {"aaa", "b"});
  SentenceOptions options{.batches = {.rows = 2, .buckets = 1}, .limit = 5, .shuffled = false};
  CHECK(SentencePairs(text, letters(), letters(), options).cut() == 0);
  options.limit = 4;
  CHECK_THROWS_WITH_AS(
      SentencePairs(text, letters(), letters(), options),
      Contains("'a.en', line 2: the sentence has 5 tokens with its end, the limit is 4"),
      DataError);
  options.limit = 3;
  CHECK_THROWS_WITH_AS(SentencePairs(text, letters(), letters(), options),
                       Contains("'a.de', line 1: the sentence has 4 tokens"), DataError);
  options.cut = true;
  const SentencePairs cut(text, letters(), letters(), options);
  CHECK(cut.cut() == 2);
  CHECK(cut.counted() == 5);
  const Batch batch = cut.make(0);
  CHECK(column(batch.input("source"), 1) == Tokens{2, 2, 6});
  CHECK(column(batch.input("targets"), 0) == Tokens{1, 1, 7});
  options.limit = -1;
  CHECK_THROWS_AS(SentencePairs(text, letters(), letters(), options), UsageError);
  CHECK_THROWS_AS(SentencePairs({}, letters(), letters(), {}), DataError);
  CHECK_THROWS_WITH_AS(
      SentencePairs(parallel({"a", "b\xff"}, {"a", "b"}), letters(), letters(), {}),
      Contains("'a.en', line 2: the text to encode is not UTF-8 at byte 1"), DataError);
}

TEST_CASE("labelled sentences: inputs, padding, limits") {
  LabelledText text{
      {"ab", "c", "ddd"}, {0, 0, 1}, {1, 2, 1}, {"good", "bad"}, {"good.txt", "bad.txt"}};
  SentenceOptions options{.batches = {.rows = 2, .buckets = 1}, .shuffled = false};
  const LabelledSentences sentences(text, letters(), options);
  CHECK(sentences.shapes() == std::vector<BatchShape>{{2, 3, 0}});
  Batch batch = sentences.make(0);
  CHECK(list(batch.input("tokens")) == Tokens{3, 1, 0, 2, 0, 0});
  CHECK(list(batch.input("lengths")) == Tokens{1, 2});
  CHECK(list(batch.input("labels")) == Tokens{0, 0});
  CHECK(batch.counted == 2);
  sentences.fill(1, batch);
  CHECK(list(batch.input("tokens")) == Tokens{4, 0, 4, 0, 4, 0});
  CHECK(list(batch.input("lengths")) == Tokens{3, 1});
  CHECK(list(batch.input("labels")) == Tokens{1, -1});
  CHECK(batch.counted == 1);
  CHECK(sentences.rows(1) == std::vector<std::int64_t>{2});
  options.limit = 2;
  CHECK_THROWS_WITH_AS(LabelledSentences(text, letters(), options),
                       Contains("'bad.txt', line 1: the sentence has 3 tokens, the limit is 2"),
                       DataError);
  options.cut = true;
  CHECK(list(LabelledSentences(text, letters(), options).make(1).input("tokens")) ==
        Tokens{4, 0, 4, 0});
  CHECK(LabelledSentences(text, letters(), options).cut() == 1);
  text.sentences[1] = "";
  CHECK_THROWS_WITH_AS(LabelledSentences(text, letters(), options),
                       Contains("'good.txt', line 2: the sentence has no tokens"), DataError);
  CHECK_THROWS_AS(LabelledSentences({}, letters(), options), DataError);
}

TEST_CASE("sentences for autoencoders: a small example by hand") {
  const LabelledText text{{"ab", "", "c"}, {0, 1, 1}, {}, {"good", "bad"}, {}};
  SentenceOptions options{.batches = {.rows = 2, .buckets = 1}, .shuffled = false};
  const Sentences sentences(text, letters(), options);
  CHECK(sentences.shapes() == std::vector<BatchShape>{{2, 3, 0}});
  CHECK(sentences.counted() == 6);
  Batch batch = sentences.make(0);  // in order of length: the empty one, then the third
  CHECK(sentences.rows(0) == std::vector<std::int64_t>{1, 2});
  CHECK(list(batch.input("tokens")) == Tokens{6, 6, 0, 3, 0, 0});
  CHECK(list(batch.input("targets")) == Tokens{7, 3, -1, 7, -1, -1});
  CHECK(list(batch.input("lengths")) == Tokens{1, 2});
  CHECK(list(batch.input("labels")) == Tokens{1, 1});
  const auto weights = [&] {
    const auto elements = batch.input("weights").as<float>();
    return std::vector<float>(elements.begin(), elements.end());
  };
  CHECK(weights() == std::vector<float>{1, 1});
  CHECK(batch.inputs.size() == 5);
  CHECK(batch.counted == 2);
  sentences.fill(3, batch);  // the second batch of the second pass; its second row is padding
  CHECK(batch.position == 3);
  CHECK(sentences.rows(3) == std::vector<std::int64_t>{0});
  CHECK(list(batch.input("tokens")) == Tokens{6, 0, 1, 0, 2, 0});
  CHECK(list(batch.input("targets")) == Tokens{1, -1, 2, -1, 7, -1});
  CHECK(list(batch.input("lengths")) == Tokens{3, 0});
  CHECK(list(batch.input("labels")) == Tokens{0, -1});
  CHECK(weights() == std::vector<float>{1, 0});
  CHECK(batch.counted == 1);

  // Of one class there are no labels; what is too long is refused or cut, its end kept.
  LabelledText one{{"ab", "c"}, {0, 0}, {}, {"all"}, {"all.txt"}};
  batch = Sentences(one, letters(), options).make(0);
  CHECK(batch.inputs.size() == 4);
  options.limit = 2;
  CHECK_THROWS_WITH_AS(
      Sentences(one, letters(), options),
      Contains("'all.txt', line 1: the sentence has 3 tokens with its end, the limit is 2"),
      DataError);
  options.cut = true;
  const Sentences cut(one, letters(), options);
  CHECK(cut.cut() == 1);
  CHECK(column(cut.make(0).input("targets"), 0) == Tokens{1, 7});
  CHECK_THROWS_AS(Sentences({}, letters(), options), DataError);
  one.labels.pop_back();
  CHECK_THROWS_AS(Sentences(one, letters(), options), UsageError);
}

TEST_CASE("sentences for autoencoders: each is in one row a pass, whatever its length") {
  LabelledText text{mixed().source, {}, {}, {"all"}, {}};
  text.labels.assign(text.size(), 0);
  for (const bool shuffled : {false, true}) {
    const Sentences sentences(
        text, letters(),
        {.batches = {.tokens = 40, .buckets = 3}, .shuffled = shuffled, .seed = 5});
    CHECK(sentences.shapes().size() == 3);
    std::map<std::int64_t, int> seen;
    std::int64_t counted = 0;
    Batch batch;
    for (std::int64_t position = 0; position < sentences.batches(); ++position) {
      sentences.fill(position, batch);
      const BatchShape& shape = sentences.shapes()[static_cast<std::size_t>(batch.shape)];
      REQUIRE(batch.input("tokens").type() == TensorType{{shape.length, shape.batch}, i32});
      const auto rows = sentences.rows(position);
      CHECK(batch.counted == std::ssize(rows));
      for (std::size_t row = 0; row < rows.size(); ++row) {
        ++seen[rows[row]];
        Tokens target = letters().encode(text.sentences[static_cast<std::size_t>(rows[row])]);
        target.push_back(target_end(letters()));
        CHECK(batch.input("lengths").as<std::int32_t>()[row] == std::ssize(target));
        counted += std::ssize(target);
        target.resize(static_cast<std::size_t>(shape.length), -1);
        CHECK(column(batch.input("targets"), static_cast<std::int64_t>(row)) == target);
      }
    }
    CHECK(counted == sentences.counted());
    CHECK(seen.size() == text.size());
    CHECK(std::ranges::all_of(seen, [](const auto& entry) { return entry.second == 1; }));
  }
}

TEST_CASE("sentences: lists made by hand need no lines, and unequal ones are refused") {
  const SentenceOptions options{.limit = 2};
  const ParallelText pairs{{"a", "bb"}, {"c", "d"}, {}, "one", "two"};
  CHECK(pairs.size() == 2);
  CHECK_THROWS_WITH_AS(SentencePairs(pairs, letters(), letters(), options),
                       Contains("'one', line 2: the sentence has 3 tokens"), DataError);
  CHECK(SentencePairs(pairs, letters(), letters(), {}).counted() == 4);
  CHECK(select(pairs, std::vector<std::size_t>{1}).lines == std::vector<std::int64_t>{2});
  CHECK_THROWS_AS(select(pairs, std::vector<std::size_t>{2}), UsageError);
  for (const ParallelText& odd : {ParallelText{{"a", "b"}, {"c"}, {}, "one", "two"},
                                  ParallelText{{"a"}, {"c", "d"}, {1, 2}, "one", "two"},
                                  ParallelText{{"a", "b"}, {"c", "d"}, {1}, "one", "two"}}) {
    CHECK_THROWS_WITH_AS(SentencePairs(odd, letters(), letters(), {}),
                         Contains("a ParallelText has"), UsageError);
    CHECK_THROWS_AS(select(odd, std::vector<std::size_t>{0}), UsageError);
  }

  const LabelledText labelled{{"a", "bbb"}, {0, 1}, {}, {"good", "bad"}, {}};
  CHECK_THROWS_WITH_AS(LabelledSentences(labelled, letters(), options),
                       Contains("'bad', line 2: the sentence has 3 tokens"), DataError);
  CHECK(list(LabelledSentences(labelled, letters(), {.shuffled = false}).make(0).input("labels"))
            .front() == 0);
  CHECK(select(labelled, std::vector<std::size_t>{1}).lines == std::vector<std::int64_t>{2});
  // Without a label there is nothing to learn for a classifier, and a sentence for autoencoders.
  const LabelledText some{{"a", "bb"}, {0, -1}, {}, {"good", "bad"}, {}};
  CHECK_THROWS_WITH_AS(LabelledSentences(some, letters(), options),
                       Contains("line 2: a sentence to learn the label of has none"), UsageError);
  CHECK(list(Sentences(some, letters(), {.batches = {.rows = 2, .buckets = 1}, .shuffled = false})
                 .make(0)
                 .input("labels")) == Tokens{0, -1});
  for (const LabelledText& odd : {LabelledText{{"a", "b"}, {0}, {}, {"good", "bad"}, {}},
                                  LabelledText{{"a"}, {0, 1}, {}, {"good", "bad"}, {}},
                                  LabelledText{{"a", "b"}, {0, 1}, {1}, {"good", "bad"}, {}},
                                  LabelledText{{"a", "b"}, {0, 2}, {}, {"good", "bad"}, {}},
                                  LabelledText{{"a", "b"}, {0, -2}, {}, {"good", "bad"}, {}},
                                  LabelledText{{"a"}, {0}, {}, {"good", "bad"}, {"good.txt"}}}) {
    CHECK_THROWS_AS(LabelledSentences(odd, letters(), {}), UsageError);
    CHECK_THROWS_AS(select(odd, std::vector<std::size_t>{0}), UsageError);
  }
}

}  // namespace abax::data
