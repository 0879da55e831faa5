// What tasks are told of their data: the parts that several of them have in common.
#pragma once

#include <cstdint>
#include <string>

#include "models/data/text/sentence_batches.h"
#include "models/data/text/tokenizer.h"
#include "models/settings/fields.h"

namespace abax {

enum class Part : std::uint8_t { train, valid, test };

/// Files, and what to do without them.
struct DataFiles {
  Words data;   // none: a built-in corpus
  Words valid;  // files of their own instead of a share of `data`
  Words test;
  Numbers split = {90, 5, 5};  // shares of `data`: train, valid, test
};
/// `what` is said of --data: "a UTF-8 text".
void fields(Fields& f, DataFiles& s, const std::string& what);

/// The shares of `split` as fractions of 1; 0 for what has files of its own.
struct Shares {
  double valid = 0, test = 0;
};
Shares shares(const DataFiles& files);

/// Which built-in corpus, of these names; the first is the usual one.
void corpus_field(Fields& f, std::string& corpus, const Words& names);
/// Items a batch; `what` are these.
void batch_field(Fields& f, std::int64_t& batch, const std::string& what);
void length_field(Fields& f, std::int64_t& length, std::string help);
/// Steps between pictures, of tasks that draw.
void pictures_field(Fields& f, std::int64_t& every);

/// What a token is.
struct TextReading {
  std::string tokens = "characters";  // bytes, characters, words, subwords
  std::int64_t vocabulary = 10000;    // at most so many tokens, <unk> included
  bool lower_case = false;
};
void fields(Fields& f, TextReading& s);

/// How sentences become batches.
struct SentenceBatching {
  std::int64_t batch = 20;
  std::int64_t batch_tokens = 0;    // tokens a batch, padding included; 0: by `batch`
  std::int64_t length = 35;         // tokens of a sentence, at most
  std::int64_t buckets = 6;         // by length: at most so many plans
  std::string too_long = "refuse";  // or "cut"
};
void fields(Fields& f, SentenceBatching& s);

/// Only those to train on are shuffled.
data::SentenceOptions sentence_options(const SentenceBatching& s, Part part, std::int64_t seed);
/// How their text is read: in small letters if asked for; words without their punctuation, which
/// are tokens of their own.
data::TextRules sentence_rules(const TextReading& s);

}  // namespace abax
