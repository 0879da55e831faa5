// Sentences as tokens, and batches of them.
#include "models/data/text/sentence_batches.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax::data {
namespace {

using Tokens = std::vector<std::int32_t>;

/// Where a sentence stands, for messages.
struct Place {
  const std::string& file;
  std::int64_t line;
};

/// What happens to a sentence that is longer than the limit: see SentenceOptions.
class Limiter {
 public:
  explicit Limiter(const SentenceOptions& options) : limit_(options.limit), cut_(options.cut) {
    if (limit_ < 0) throw UsageError(str_cat("a limit of length is at least 0, not ", limit_));
  }

  Tokens encode(const Tokenizer& tokenizer, const std::string& sentence, const Place& place) const {
    try {
      return tokenizer.encode(sentence);
    } catch (const DataError& error) {
      throw DataError(str_cat("'", place.file, "', line ", place.line, ": ", error.what()));
    }
  }

  /// With its end, which stays when the sentence is cut.
  Tokens ended(const Tokenizer& tokenizer, const std::string& sentence, std::int32_t end,
               const Place& place) {
    Tokens tokens = encode(tokenizer, sentence, place);
    tokens.push_back(end);
    return limit(std::move(tokens), 1, place);
  }

  /// `kept`: what must stay at the end (an end token) when the sentence is cut.
  Tokens limit(Tokens tokens, std::int64_t kept, const Place& place) {
    const std::int64_t length = std::ssize(tokens);
    if (limit_ == 0 || length <= limit_) return tokens;
    if (!cut_)
      throw DataError(str_cat("'", place.file, "', line ", place.line, ": the sentence has ",
                              length, " tokens", kept > 0 ? " with its end" : "", ", the limit is ",
                              limit_, "; raise the limit, cut such sentences, or take it out"));
    ++count_;
    const auto last = tokens.end() - std::min(kept, limit_);
    tokens.erase(last - (length - limit_), last);
    return tokens;
  }

  std::int64_t count() const { return count_; }

 private:
  std::int64_t limit_;
  bool cut_;
  std::int64_t count_ = 0;
};

/// The elements of an input, which outlive further calls.
std::span<std::int32_t> filled(Batch& batch, std::string_view name, Shape shape,
                               std::int32_t value) {
  const auto elements = batch.prepare(name, {shape, i32}).as<std::int32_t>();
  std::ranges::fill(elements, value);
  return elements;
}

/// Writes a sequence into a column of `to` [time, batch], from `start` on.
void put(std::span<std::int32_t> to, const BatchShape& shape, std::size_t column,
         std::int64_t start, std::span<const std::int32_t> from) {
  std::size_t at = static_cast<std::size_t>(start * shape.batch) + column;
  for (const std::int32_t token : from) {
    to[at] = token;
    at += static_cast<std::size_t>(shape.batch);
  }
}

/// The inputs of what is predicted token by token.
struct TargetInputs {
  std::span<std::int32_t> tokens, targets;  // [time, batch]
};

TargetInputs target_inputs(Batch& batch, std::int64_t time, std::int64_t rows) {
  const auto tokens = filled(batch, "tokens", {time, rows}, 0);
  return {tokens, filled(batch, "targets", {time, rows}, -1)};
}

/// `target` has its end.
void put_target(const TargetInputs& to, const BatchShape& shape, std::size_t column,
                std::int32_t begin, std::span<const std::int32_t> target) {
  put(to.tokens, shape, column, 0, {&begin, 1});
  put(to.tokens, shape, column, 1, target.first(target.size() - 1));
  put(to.targets, shape, column, 0, target);
}

/// Where a sentence of a labelled text stands.
Place place_of_sentence(const LabelledText& text, std::size_t sentence) {
  const auto label = static_cast<std::size_t>(std::max(0, text.labels[sentence]));
  return {text.files.empty() ? text.classes[label] : text.files[label], text.line(sentence)};
}

}  // namespace

void SentenceBatches::arrange(const std::vector<ItemSize>& sizes, const SentenceOptions& options,
                              std::int64_t cut) {
  order_.emplace(make_buckets(sizes, options.batches), sizes, options.shuffled, options.seed);
  cut_ = cut;
}

BatchOrder::Rows SentenceBatches::begin(std::int64_t position, Batch& batch) const {
  BatchOrder::Rows rows = order_->at(position);
  batch.shape = rows.shape;
  batch.position = position;
  batch.counted = 0;
  return rows;
}

SentencePairs::SentencePairs(const ParallelText& text, const Tokenizer& source,
                             const Tokenizer& target, const SentenceOptions& options)
    : begin_(target_begin(target)) {
  check_lists(text);
  if (text.size() == 0) throw DataError("expected pairs of sentences, got none");
  Limiter limiter(options);
  std::vector<ItemSize> sizes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const Place from{text.source_name, text.line(i)}, to{text.target_name, text.line(i)};
    sources_.push_back(limiter.ended(source, text.source[i], source_end(source), from));
    targets_.push_back(limiter.ended(target, text.target[i], target_end(target), to));
    sizes.push_back({std::ssize(sources_.back()), std::ssize(targets_.back())});
    counted_ += std::ssize(targets_.back());
  }
  arrange(sizes, options, limiter.count());
}

void SentencePairs::fill(std::int64_t position, Batch& batch) const {
  const BatchOrder::Rows rows = begin(position, batch);
  const BatchShape& shape = shapes()[static_cast<std::size_t>(rows.shape)];
  const auto source = filled(batch, "source", {shape.length, shape.batch}, 0);
  const auto lengths = filled(batch, "source_lengths", {shape.batch}, 0);
  const TargetInputs inputs = target_inputs(batch, shape.target_length, shape.batch);
  for (std::size_t row = 0; row < rows.items.size(); ++row) {
    const auto item = static_cast<std::size_t>(rows.items[row]);
    put(source, shape, row, 0, sources_[item]);
    lengths[row] = static_cast<std::int32_t>(sources_[item].size());
    put_target(inputs, shape, row, begin_, targets_[item]);
    batch.counted += std::ssize(targets_[item]);
  }
}

void ConditionedSentences::fill(std::int64_t position, Batch& batch) const {
  SentencePairs::fill(position, batch);
  const std::int64_t size = shapes()[static_cast<std::size_t>(batch.shape)].batch;
  const auto lengths = filled(batch, "lengths", {size}, 0);
  const auto weights = batch.prepare("weights", {{size}, f32}).as<float>();
  std::ranges::fill(weights, 0.f);
  const std::vector<std::int64_t> pairs = rows(position);
  batch.counted = std::ssize(pairs);
  for (std::size_t row = 0; row < pairs.size(); ++row) {
    lengths[row] = static_cast<std::int32_t>(target_length(static_cast<std::size_t>(pairs[row])));
    weights[row] = 1;
  }
}

Sentences::Sentences(const LabelledText& text, const Tokenizer& tokenizer,
                     const SentenceOptions& options)
    : begin_(target_begin(tokenizer)) {
  check_lists(text);
  if (text.size() == 0) throw DataError("expected sentences, got none");
  Limiter limiter(options);
  std::vector<ItemSize> sizes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    targets_.push_back(limiter.ended(tokenizer, text.sentences[i], target_end(tokenizer),
                                     place_of_sentence(text, i)));
    sizes.push_back({std::ssize(targets_.back()), 0});
    counted_ += std::ssize(targets_.back());
  }
  if (text.classes.size() > 1) labels_ = text.labels;
  arrange(sizes, options, limiter.count());
}

void Sentences::fill(std::int64_t position, Batch& batch) const {
  const BatchOrder::Rows rows = begin(position, batch);
  const BatchShape& shape = shapes()[static_cast<std::size_t>(rows.shape)];
  const TargetInputs inputs = target_inputs(batch, shape.length, shape.batch);
  const auto lengths = filled(batch, "lengths", {shape.batch}, 0);
  const auto weights = batch.prepare("weights", {{shape.batch}, f32}).as<float>();
  std::span<std::int32_t> labels;
  if (!labels_.empty()) labels = filled(batch, "labels", {shape.batch}, -1);
  std::ranges::fill(weights, 0.f);
  batch.counted = std::ssize(rows.items);
  for (std::size_t row = 0; row < rows.items.size(); ++row) {
    const auto item = static_cast<std::size_t>(rows.items[row]);
    put_target(inputs, shape, row, begin_, targets_[item]);
    lengths[row] = static_cast<std::int32_t>(targets_[item].size());
    weights[row] = 1;
    if (!labels_.empty()) labels[row] = labels_[item];
  }
}

LabelledSentences::LabelledSentences(const LabelledText& text, const Tokenizer& tokenizer,
                                     const SentenceOptions& options)
    : labels_(text.labels) {
  check_lists(text);
  if (text.size() == 0) throw DataError("expected sentences with labels, got none");
  Limiter limiter(options);
  std::vector<ItemSize> sizes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const Place place = place_of_sentence(text, i);
    if (text.labels[i] < 0)
      throw UsageError(str_cat("'", place.file, "', line ", place.line,
                               ": a sentence to learn the label of has none"));
    Tokens tokens = limiter.encode(tokenizer, text.sentences[i], place);
    if (tokens.empty())
      throw DataError(str_cat("'", place.file, "', line ", place.line,
                              ": the sentence has no tokens; take it out"));
    sentences_.push_back(limiter.limit(std::move(tokens), 0, place));
    sizes.push_back({std::ssize(sentences_.back()), 0});
  }
  arrange(sizes, options, limiter.count());
}

void LabelledSentences::fill(std::int64_t position, Batch& batch) const {
  const BatchOrder::Rows rows = begin(position, batch);
  const BatchShape& shape = shapes()[static_cast<std::size_t>(rows.shape)];
  const auto tokens = filled(batch, "tokens", {shape.length, shape.batch}, 0);
  const auto lengths = filled(batch, "lengths", {shape.batch}, 1);
  const auto labels = filled(batch, "labels", {shape.batch}, -1);
  batch.counted = std::ssize(rows.items);
  for (std::size_t row = 0; row < rows.items.size(); ++row) {
    const auto item = static_cast<std::size_t>(rows.items[row]);
    put(tokens, shape, row, 0, sentences_[item]);
    lengths[row] = static_cast<std::int32_t>(sentences_[item].size());
    labels[row] = labels_[item];
  }
}

}  // namespace abax::data
