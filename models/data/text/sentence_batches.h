// Batches of sentences for autoencoders, translation and classification, in length buckets.
//
//     SentencePairs pairs(text, source_tokenizer, target_tokenizer, {.batches = {.tokens = 2048}});
//     Batch batch = pairs.make(0);   // "source", "source_lengths", "tokens", "targets"
#pragma once

#include <cstdint>
#include <optional>
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

/// What the sources of batches below have in common.
class SentenceBatches : public BatchSource {
 public:
  const std::vector<BatchShape>& shapes() const override { return order_->buckets().shapes; }
  std::int64_t batches() const override { return order_->batches(); }

  /// The sentences (or pairs) of a batch, as positions in the text, row by row; rows beyond them
  /// are padding.
  std::vector<std::int64_t> rows(std::int64_t position) const { return order_->at(position).items; }
  /// The one of a row.
  std::size_t item(std::int64_t position, std::int64_t row) const {
    return static_cast<std::size_t>(rows(position).at(static_cast<std::size_t>(row)));
  }
  const Buckets& buckets() const { return order_->buckets(); }
  /// Sentences that were cut to the limit.
  std::int64_t cut() const { return cut_; }

 protected:
  using Tokens = std::vector<std::int32_t>;
  /// To be called once, when the constructor knows the sizes of all items. Throws as
  /// make_buckets() does.
  void arrange(const std::vector<ItemSize>& sizes, const SentenceOptions& options,
               std::int64_t cut);
  /// Which items make the batch, whose shape and position are set.
  BatchOrder::Rows begin(std::int64_t position, Batch& batch) const;

 private:
  std::optional<BatchOrder> order_;
  std::int64_t cut_ = 0;
};

/// Pairs of sentences: "source" [length, batch] i32 (padding 0), "source_lengths" [batch] i32,
/// "tokens" [target_length, batch] i32 (begin, then the target; padding 0), "targets"
/// [target_length, batch] i32 (the target, then its end; padding -1). A padded row has source
/// length 0 and targets -1.
class SentencePairs : public SentenceBatches {
 public:
  /// Throws UsageError on options that make no sense (see make_buckets()) and on lists that are not
  /// equally long, DataError with file,
  /// line and length on a sentence beyond the limit that is not to be cut, and on no pairs.
  SentencePairs(const ParallelText& text, const Tokenizer& source, const Tokenizer& target,
                const SentenceOptions& options);

  void fill(std::int64_t position, Batch& batch) const override;

  /// Targets of one pass: tokens and ends.
  std::int64_t counted() const { return counted_; }

 protected:
  /// Tokens of a pair's target, its end included.
  std::int64_t target_length(std::size_t pair) const { return std::ssize(targets_[pair]); }

 private:
  std::int32_t begin_;
  std::int64_t counted_ = 0;
  std::vector<Tokens> sources_, targets_;  // by pair, end tokens included
};

/// Pairs whose targets are the sentences of an autoencoder: besides what SentencePairs gives,
/// "lengths" [batch] i32 (of the targets) and "weights" [batch] f32, both 0 of padded rows. A batch
/// counts pairs.
class ConditionedSentences : public SentencePairs {
 public:
  using SentencePairs::SentencePairs;

  void fill(std::int64_t position, Batch& batch) const override;
};

/// Sentences as an autoencoder takes them: "tokens" [length, batch] i32 (begin, then the sentence;
/// padding 0), "targets" [length, batch] i32 (the sentence, then its end; padding -1), "lengths"
/// [batch] i32 (of the targets, which is also how many of "tokens" count), "weights" [batch] f32,
/// and where the text has several classes "labels" [batch] i32, -1 for none. A padded row has
/// length 0, weight 0, targets and label -1. A batch counts sentences.
class Sentences : public SentenceBatches {
 public:
  /// Throws as SentencePairs does. A sentence without tokens is its end alone.
  Sentences(const LabelledText& text, const Tokenizer& tokenizer, const SentenceOptions& options);

  void fill(std::int64_t position, Batch& batch) const override;

  /// Targets of one pass: tokens and ends.
  std::int64_t counted() const { return counted_; }

 private:
  std::int32_t begin_;
  std::int64_t counted_ = 0;
  std::vector<Tokens> targets_;       // by sentence, end tokens included
  std::vector<std::int32_t> labels_;  // none where the text has one class
};

/// Sentences with labels: "tokens" [length, batch] i32 (padding 0), "lengths" [batch] i32, "labels"
/// [batch] i32. A padded row has length 1, so that a mean over it is a number, and label -1.
class LabelledSentences : public SentenceBatches {
 public:
  /// Throws as SentencePairs does, DataError on a sentence without tokens and UsageError on one
  /// without a label.
  LabelledSentences(const LabelledText& text, const Tokenizer& tokenizer,
                    const SentenceOptions& options);

  void fill(std::int64_t position, Batch& batch) const override;

 private:
  std::vector<Tokens> sentences_;
  std::vector<std::int32_t> labels_;
};

}  // namespace abax::data
