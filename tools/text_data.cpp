// Where a run's tokens come from.
#include "tools/text_data.h"

#include <filesystem>

#include "core/base/error.h"
#include "core/base/text.h"
#include "tools/data/corpus.h"
#include "tools/data/text.h"

namespace abax {
namespace {

struct Texts {
  std::string train, valid, test, name;
};

/// Enough text for minutes of training, and for a validation whose chance error is below 1 %.
constexpr std::int64_t corpus_characters = 1'000'000;
constexpr std::int64_t corpus_check_characters = 50'000;

Texts read_texts(const TrainOptions& o) {
  if (o.data.empty()) {
    data::Corpus corpus =
        data::make_corpus(data::fables(), static_cast<std::uint64_t>(o.seed), corpus_characters,
                          corpus_check_characters, corpus_check_characters);
    return {std::move(corpus.train), std::move(corpus.valid), std::move(corpus.test),
            "built-in fables"};
  }
  const std::string whole = data::read_text(o.data);
  const double sum = o.split[0] + o.split[1] + o.split[2];
  const data::TextSplit split = data::split_text(whole, o.valid.empty() ? o.split[1] / sum : 0,
                                                 o.test.empty() ? o.split[2] / sum : 0);
  return {std::string(split.train),
          o.valid.empty() ? std::string(split.valid) : data::read_text(o.valid),
          o.test.empty() ? std::string(split.test) : data::read_text(o.test),
          std::filesystem::path(o.data).filename().string()};
}

/// 1003854 as "1,003,854".
std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), 1, ',');
  return digits;
}

}  // namespace

TextData load_text_data(const TrainOptions& o, const data::Tokenizer* known) {
  const Texts texts = read_texts(o);
  const data::TokenKind kind = data::token_kind(o.tokens);
  TextData result{.tokenizer =
                      known ? *known : data::Tokenizer::make(kind, texts.train, o.vocabulary)};
  const auto encode = [&](const std::string& text, const std::string& what) {
    try {
      return result.tokenizer.encode(text);
    } catch (const DataError& error) {
      throw DataError(abax::text(what, ": ", error.what()));
    }
  };
  result.train = encode(texts.train, texts.name);
  result.valid = encode(texts.valid, o.valid.empty() ? texts.name : o.valid);
  result.test = encode(texts.test, o.test.empty() ? texts.name : o.test);
  result.description =
      text(texts.name, ": ", grouped(result.train.size()), " ", o.tokens, " to train on, ",
           grouped(result.valid.size()), " to validate, vocabulary of ",
           grouped(static_cast<std::size_t>(result.tokenizer.vocabulary())));
  if (o.data.empty()) {
    result.valid_optimum = data::fables().loss(texts.valid, kind);
    result.test_optimum = data::fables().loss(texts.test, kind);
  }
  return result;
}

}  // namespace abax
