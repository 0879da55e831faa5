// Batches of sentences for translation and classification, in length buckets.
//
//     SentencePairs pairs(text, source_tokenizer, target_tokenizer, {.batches = {.tokens = 2048}});
//     Batch batch = pairs.make(0);   // "source", "source_lengths", "tokens", "targets"
#pragma once

#include <cstdint>
#include <vector>

#include "models/data/batch.h"
#include "models/data/batch_order.h"
#include "models/data/text/labelled_text.h"
#include "models/data/text/parallel_text.h"
#include "models/data/text/tokenizer.h"

namespace abax::data {

/// Tokens beyond those of a tokeniser. A source ends with its end token; a target is read after its
/// begin token and predicted with its end token. So a model of pairs has source_vocabulary(..) and
/// target_vocabulary(..) tokens.
inline std::int32_t source_end(const Tokenizer& source) {
  return static_cast<std::int32_t>(source.vocabulary());
}
inline std::int64_t source_vocabulary(const Tokenizer& source) { return source.vocabulary() + 1; }
inline std::int32_t target_begin(const Tokenizer& target) {
  return static_cast<std::int32_t>(target.vocabulary());
}
inline std::int32_t target_end(const Tokenizer& target) { return target_begin(target) + 1; }
inline std::int64_t target_vocabulary(const Tokenizer& target) { return target.vocabulary() + 2; }

struct SentenceOptions {
  BucketOptions batches = {.tokens = 4096};
  std::int64_t limit = 0;  // tokens of the longest sequence, its end token counted; 0: no limit
  bool cut = false;        // whether a longer one is cut to the limit; else it is refused
  bool shuffled = true;    // else in order of length
  std::uint64_t seed = 0;
};

/// Pairs of sentences: "source" [length, batch] i32 (padding 0), "source_lengths" [batch] i32,
/// "tokens" [target_length, batch] i32 (begin, then the target; padding 0), "targets"
/// [target_length, batch] i32 (the target, then its end; padding -1). A padded row has source
/// length 0 and targets -1.
class SentencePairs : public BatchSource {
 public:
  /// Throws UsageError on options that make no sense (see make_buckets()) and on lists that are not
  /// equally long, DataError with file,
  /// line and length on a sentence beyond the limit that is not to be cut, and on no pairs.
  SentencePairs(const ParallelText& text, const Tokenizer& source, const Tokenizer& target,
                const SentenceOptions& options);

  const std::vector<BatchShape>& shapes() const override { return order_.buckets().shapes; }
  std::int64_t batches() const override { return order_.batches(); }
  void fill(std::int64_t position, Batch& batch) const override;

  /// The pairs of a batch, as positions in the text, row by row; rows beyond them are padding.
  std::vector<std::int64_t> rows(std::int64_t position) const { return order_.at(position).items; }
  const Buckets& buckets() const { return order_.buckets(); }
  /// Targets of one pass: tokens and ends.
  std::int64_t counted() const { return counted_; }
  /// Sentences that were cut to the limit.
  std::int64_t cut() const { return cut_; }

 private:
  std::int32_t begin_;
  std::int64_t counted_ = 0, cut_ = 0;
  std::vector<std::vector<std::int32_t>> sources_, targets_;  // by pair, end tokens included
  BatchOrder order_;
};

/// Sentences with labels: "tokens" [length, batch] i32 (padding 0), "lengths" [batch] i32, "labels"
/// [batch] i32. A padded row has length 1, so that a mean over it is a number, and label -1.
class LabelledSentences : public BatchSource {
 public:
  /// Throws as SentencePairs does, and DataError on a sentence without tokens.
  LabelledSentences(const LabelledText& text, const Tokenizer& tokenizer,
                    const SentenceOptions& options);

  const std::vector<BatchShape>& shapes() const override { return order_.buckets().shapes; }
  std::int64_t batches() const override { return order_.batches(); }
  void fill(std::int64_t position, Batch& batch) const override;

  /// The sentences of a batch, as positions in the text, row by row; rows beyond them are padding.
  std::vector<std::int64_t> rows(std::int64_t position) const { return order_.at(position).items; }
  const Buckets& buckets() const { return order_.buckets(); }
  std::int64_t cut() const { return cut_; }

 private:
  std::int64_t cut_ = 0;
  std::vector<std::vector<std::int32_t>> sentences_;
  std::vector<std::int32_t> labels_;
  BatchOrder order_;
};

}  // namespace abax::data
