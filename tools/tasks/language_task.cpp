// Texts for language models: read, split, tokenised, cut into batches; and a sample at the end.
#include "tools/tasks/language_task.h"

#include <algorithm>
#include <ostream>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/corpora/corpus.h"
#include "models/data/gzip.h"
#include "models/data/text/line_windows.h"
#include "models/data/text/random_windows.h"
#include "models/data/text/text.h"
#include "models/data/text/token_stream.h"
#include "models/data/text/utf8.h"
#include "models/generation/generator.h"
#include "models/generation/sampling.h"

namespace abax {
namespace {

constexpr const char* tokenizer_file = "tokenizer.jsonl";
constexpr std::int64_t sample_tokens = 300;

/// Enough text for minutes of training, and for a validation whose chance error is below 1 %.
constexpr std::int64_t corpus_characters = 1'000'000;
constexpr std::int64_t corpus_check_characters = 50'000;

struct Texts {
  std::string train, valid, test, name;
};

Texts read_texts(const LanguageData& d, std::uint64_t seed, Use use) {
  // Of bytes anything is a text.
  const auto read = [&](const std::string& path) {
    return d.text.tokens == "bytes" ? data::read_bytes(path) : data::read_text(path);
  };
  for (const auto& [option, files] : {std::pair{"data", d.files.data},
                                      {"valid", d.files.valid},
                                      {use == Use::evaluate ? "data" : "test", d.files.test}})
    if (files.size() > 1)
      throw UsageError(
          str_cat("--", option, ": a language model reads one text, not ", files.size()));
  const Words& test = d.files.test;
  if (use == Use::evaluate && !test.empty()) {
    Texts texts;
    texts.test = read(test[0]);
    texts.name = file_name(test[0]);
    return texts;
  }
  if (d.files.data.empty()) {
    data::Corpus corpus = data::make_corpus(data::fables(), seed, corpus_characters,
                                            corpus_check_characters, corpus_check_characters);
    return {std::move(corpus.train), std::move(corpus.valid), std::move(corpus.test),
            "built-in fables"};
  }
  const std::string whole = read(d.files.data[0]);
  const Shares share = shares(d.files);
  const data::TextSplit split = data::split_text(whole, share.valid, share.test);
  return {std::string(split.train),
          d.files.valid.empty() ? std::string(split.valid) : read(d.files.valid[0]),
          test.empty() ? std::string(split.test) : read(test[0]), file_name(d.files.data[0])};
}

/// The code points of a text whose tokens tell it whole, so that their bits are a code of it: no
/// word is unknown and no letter's case lost. Nothing of others, nor of bytes that are no UTF-8.
std::optional<double> coded_characters(const std::string& content,
                                       std::span<const std::int32_t> tokens,
                                       const data::Tokenizer& tokenizer) {
  const bool bytes = tokenizer.kind() == data::TokenKind::bytes;
  if (bytes ? data::find_invalid_utf8(content) != content.npos
            : tokenizer.rules().lower_case || std::ranges::find(tokens, 0) != tokens.end())
    return std::nullopt;
  return std::ranges::count_if(
      content, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

}  // namespace

void fields(Fields& f, LanguageData& s) {
  fields(f, s.files, "a UTF-8 text");
  corpus_field(f, s.corpus, {"fables"});
  f.part(s.text);
  f("windows", s.windows,
    "a text is read as parallel streams, batch after batch, or in windows at random places")
      .one_of({"streams", "random"});
  batch_field(f, s.batch, "windows");
  length_field(f, s.length, "tokens a window, the reach of backpropagation");
  const Field* memory = f.find("memory");
  f.require(!memory || memory->to_text() == "0" || s.windows == "streams",
            "--memory needs --windows streams: only there one batch continues another");
}

data::Tokenizer language_tokenizer(const Files& files) {
  const auto found = files.find(tokenizer_file);
  if (found == files.end())
    throw CheckpointError(str_cat("the checkpoint holds no ", tokenizer_file,
                                  "; it is not one of a language model that abax-train wrote"));
  return data::Tokenizer::from_text(found->second);
}

LanguageTask::LanguageTask(const RunSettings& settings, const Files* known, Use use)
    : data_(settings.data_as<LanguageData>()),
      model_(settings.model),
      seed_(static_cast<std::uint64_t>(settings.training.seed)) {
  const LanguageData& d = data_;
  const Texts texts = read_texts(d, seed_, use);
  const data::TokenKind kind = data::token_kind(d.text.tokens);
  tokenizer_ = known ? language_tokenizer(*known)
                     : data::Tokenizer::make(kind, texts.train, d.text.vocabulary,
                                             {.lower_case = d.text.lower_case});
  const auto encode = [&](const std::string& content, const std::string& what) {
    try {
      return tokenizer_->encode(content);
    } catch (const DataError& error) {
      throw DataError(str_cat(what, ": ", error.what()));
    }
  };
  std::vector<std::int32_t> train, valid;
  std::vector<std::int32_t> test =
      encode(texts.test, d.files.test.empty() ? texts.name : d.files.test[0]);
  if (use == Use::learn) {
    train = encode(texts.train, texts.name);
    valid = encode(texts.valid, d.files.valid.empty() ? texts.name : d.files.valid[0]);
    if (train.size() < 2) throw DataError("the training text has fewer than two tokens");
  }
  description_ = str_cat(texts.name, ": ", grouped(train.size()), " ", d.text.tokens,
                         " to train on, ", grouped(valid.size()), " to validate, ",
                         grouped(test.size()), " to test, vocabulary of ",
                         grouped(static_cast<std::size_t>(tokenizer_->vocabulary())));
  valid_characters_ = coded_characters(texts.valid, valid, *tokenizer_);
  test_characters_ = coded_characters(texts.test, test, *tokenizer_);
  test_text_ = texts.test;
  if (d.files.data.empty() && d.files.test.empty() && kind != data::TokenKind::subwords) {
    valid_optimum_ = data::fables().loss(texts.valid, kind);
    test_optimum_ = data::fables().loss(texts.test, kind);
  }
  if (use == Use::learn && d.windows == "random")
    train_ = std::make_unique<data::RandomWindows>(std::move(train), d.batch, d.length, seed_);
  else if (use == Use::learn)
    train_ = std::make_unique<data::TokenStream>(std::move(train), d.batch, d.length);
  const auto stream = [&](std::vector<std::int32_t> tokens) -> std::unique_ptr<data::BatchSource> {
    if (tokens.size() < 2) return nullptr;
    return std::make_unique<data::TokenStream>(std::move(tokens), d.batch, d.length);
  };
  valid_ = stream(std::move(valid));
  test_ = stream(std::move(test));
  model_.derive({{"vocabulary-size", tokenizer_->vocabulary()}, {"context", d.length}});
}

const data::BatchSource* LanguageTask::source(Part part) const {
  return part == Part::train ? train_.get() : part == Part::valid ? valid_.get() : test_.get();
}

Files LanguageTask::files() const { return {{tokenizer_file, tokenizer_->to_text()}}; }

std::optional<double> LanguageTask::characters(Part part) const {
  if (part == Part::train) return std::nullopt;
  return part == Part::valid ? valid_characters_ : test_characters_;
}

std::optional<double> LanguageTask::optimum(Part part) const {
  return part == Part::valid ? valid_optimum_ : part == Part::test ? test_optimum_ : std::nullopt;
}

/// Of the test part alone: an evaluation's text.
LineBatches LanguageTask::lines(Part part) const {
  if (part != Part::test) throw UsageError("only the test part is kept as lines");
  std::vector<std::string> lines;
  std::istringstream in(test_text_);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  auto batches = std::make_unique<data::LineWindows>(lines, *tokenizer_, data_.length);
  std::vector<std::size_t> line = batches->line_of_batch();
  return {std::move(batches), std::move(line)};
}

void LanguageTask::show(std::ostream& out, Variables& store, Workers& workers) const {
  Generator generator(store, model_, workers);
  Sampler sampler({.temperature = 0.8f});
  Random random(stream_key(seed_, "train", "sample"));
  std::int32_t token = tokenizer_->encode("\n").front();
  std::vector<std::int32_t> sample;
  for (std::int64_t i = 0; i < sample_tokens; ++i) {
    token = sampler.draw(generator.next(token), random);
    sample.push_back(token);
  }
  out << "\nA sample (temperature 0.8):\n" << tokenizer_->decode(sample) << "\n";
}

std::vector<std::string> LanguageTask::next_commands(const std::string& folder) const {
  std::vector<std::string> commands{
      str_cat("generate --checkpoint ", folder, " --temperature 0.7")};
  if (data_.files.data.empty())
    commands.push_back("train --data YOUR.txt --width 256 --layers 2 --epochs 3");
  return commands;
}

}  // namespace abax
