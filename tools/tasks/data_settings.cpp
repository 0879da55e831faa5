// The fields of data settings.
#include "tools/tasks/data_settings.h"

#include "core/base/text.h"

namespace abax {

void fields(Fields& f, DataFiles& s, const std::string& what) {
  f("data", s.data,
    str_cat(what, ", also .gz, to train on (- is standard input); without it a built-in corpus"))
      .placeholder("FILE,...")
      .resumable();
  f("valid", s.valid, "files for validation, instead of a share of --data")
      .placeholder("FILE,...")
      .resumable();
  f("test", s.test, "files for the test after training, likewise")
      .placeholder("FILE,...")
      .resumable();
  f("split", s.split, "shares of --data for training, validation and test").at_least(0);
  f.require(s.split.size() == 3,
            str_cat("--split: expected three shares (train,valid,test), not ", s.split.size()));
  f.require(s.split.empty() || s.split[0] > 0,
            "--split: the first share is for training and must be above 0");
}

Shares shares(const DataFiles& s) {
  const double sum = s.split[0] + s.split[1] + s.split[2];
  return {s.valid.empty() ? s.split[1] / sum : 0, s.test.empty() ? s.split[2] / sum : 0};
}

void corpus_field(Fields& f, std::string& corpus, const Words& names) {
  if (corpus.empty()) corpus = names.front();
  f("corpus", corpus, "which built-in corpus, where there is no --data").one_of(names);
}

void batch_field(Fields& f, std::int64_t& batch, const std::string& what) {
  f("batch", batch, what + " a batch").at_least(1).at_most(1 << 20);
}

void length_field(Fields& f, std::int64_t& length, std::string help) {
  f("length", length, std::move(help)).at_least(1).at_most(1 << 20);
}

void pictures_field(Fields& f, std::int64_t& every) {
  f("pictures-every", every, "steps between grids of images; 0: at the end alone")
      .at_least(0)
      .resumable();
}

void fields(Fields& f, TextReading& s) {
  f("tokens", s.tokens, "what a token is").one_of({"bytes", "characters", "words", "subwords"});
  f("vocabulary", s.vocabulary,
    "the most frequent so many tokens are known, <unk> stands for the others")
      .at_least(2)
      .at_most(1 << 24);
  f("lower-case", s.lower_case, "text is read in small letters");
}

void fields(Fields& f, SentenceBatching& s) {
  batch_field(f, s.batch, "sentences");
  f("batch-tokens", s.batch_tokens, "tokens a batch, padding included, instead of --batch")
      .at_least(0);
  length_field(f, s.length, "tokens of a sentence, at most");
  f("too-long", s.too_long, "what happens to sentences of more than --length tokens")
      .one_of({"refuse", "cut"});
  f("buckets", s.buckets, "sentences of like length go together: at most so many plans")
      .at_least(1)
      .at_most(64);
}

data::SentenceOptions sentence_options(const SentenceBatching& s, Part part, std::int64_t seed) {
  return {.batches = {.tokens = s.batch_tokens,
                      .rows = s.batch_tokens > 0 ? 0 : s.batch,
                      .buckets = s.buckets},
          .limit = s.length,
          .cut = s.too_long == "cut",
          .shuffled = part == Part::train,
          .seed = static_cast<std::uint64_t>(seed)};
}

data::TextRules sentence_rules(const TextReading& s) {
  return {.lower_case = s.lower_case, .split_punctuation = s.tokens == "words"};
}

}  // namespace abax
