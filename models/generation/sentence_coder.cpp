// Batching lines for a Coder, and codes for a SequenceDecoder.
#include "models/generation/sentence_coder.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/generation/items.h"
#include "models/registry.h"

namespace abax {
namespace {

constexpr std::int64_t rows = 64;    // lines that are read together, hypotheses that are advanced
constexpr std::int64_t lengths = 6;  // of lines, to which shorter ones are padded

/// One a row: -1 where none were given.
std::vector<std::int32_t> labels_of(std::size_t count, const std::vector<std::int32_t>& given) {
  if (given.empty()) return std::vector<std::int32_t>(count, -1);
  if (given.size() != count)
    throw UsageError(
        str_cat("expected a label for each of ", count, " sentences, got ", given.size()));
  return given;
}

}  // namespace

Tensor encode_in_order(Coder& coder, const data::SentenceBatches& sentences, Codes kind) {
  const Tensor found = encode(coder, sentences, kind).codes;
  Tensor codes(found.type());
  std::int64_t next = 0;
  for (std::int64_t position = 0; position < sentences.batches(); ++position)
    for (const std::int64_t line : sentences.rows(position))
      copy_items(found.view(), next++, 1, codes, line);
  return codes;
}

SentenceCoder::SentenceCoder(Variables& store, const ModelSettings& settings,
                             const data::Tokenizer& tokenizer, std::int64_t beam, Workers& workers,
                             SourceLocation where)
    : tokenizer_(tokenizer),
      context_(longest_sequence(settings, where)),
      coder_(store, settings, workers, {.batch = rows}, where),
      decoder_(store, settings,
               {.batch = std::max<std::int64_t>(1, rows / beam), .beam = beam, .limit = context_},
               workers, where) {}

Tensor SentenceCoder::encode(const std::vector<std::string>& lines, Codes kind,
                             const Labels& labels) {
  cut_ = 0;
  if (lines.empty()) return Tensor({0, shape().positions}, dtype());
  data::LabelledText text{lines, labels_of(lines.size(), labels), {}, {"the lines"}, {}};
  // Several classes have labels, which the model's input holds against those that it knows.
  const std::int32_t most = *std::ranges::max_element(text.labels);
  text.classes.resize(reads_labels() ? static_cast<std::size_t>(std::max(most, 1)) + 1 : 1,
                      text.classes[0]);
  if (!reads_labels()) text.labels.assign(lines.size(), -1);
  const data::Sentences batches(text, tokenizer_,
                                {.batches = {.rows = rows, .buckets = lengths},
                                 .limit = context_,
                                 .cut = true,
                                 .shuffled = false});
  cut_ = batches.cut();
  return encode_in_order(coder_, batches, kind);
}

BeamConfig SentenceCoder::complete(BeamConfig search) const {
  search.begin = data::target_begin(tokenizer_);
  search.end = data::target_end(tokenizer_);
  search.limit = context_ - 1;
  return search;
}

template <class Found, class Decode>
std::vector<Found> SentenceCoder::in_batches(const Tensor& codes, const Labels& given_labels,
                                             const Decode& decode) {
  const Shape& given = codes.shape();
  if (given.rank() != 2 || given[1] != shape().positions || codes.dtype() != dtype())
    throw ShapeError(str_cat("the model takes codes [", shape().positions, "] ", dtype(),
                             " each, not ", codes.type()));
  const std::int64_t size = decoder_.shape().batch;
  const Labels labels = labels_of(static_cast<std::size_t>(given[0]), given_labels);
  Tensor batch({size, shape().positions}, dtype()), batch_labels({size}, i32);
  const std::vector<NamedTensor> inputs{{"codes", batch}, {"labels", batch_labels}};
  std::vector<Found> results;
  for (std::int64_t first = 0; first < given[0]; first += size) {
    const std::int64_t count = std::min(size, given[0] - first);
    copy_items(codes.view(), first, count, batch, 0);
    std::copy_n(labels.begin() + first, count, batch_labels.as<std::int32_t>().begin());
    std::ranges::move(decode(inputs, count), std::back_inserter(results));
  }
  return results;
}

std::vector<std::vector<Hypothesis>> SentenceCoder::decode(const Tensor& codes, BeamConfig search,
                                                           const Labels& labels) {
  search = complete(search);
  decoder_.check(search);
  return in_batches<std::vector<Hypothesis>>(
      codes, labels, [&](std::span<const NamedTensor> inputs, std::int64_t count) {
        return decoder_.search(inputs, count, search);
      });
}

std::vector<Hypothesis> SentenceCoder::sample(const Tensor& codes, Sampler& sampler, Random& random,
                                              const Labels& labels) {
  const BeamConfig search = complete({.beam = 1});
  decoder_.check(search);
  return in_batches<Hypothesis>(codes, labels,
                                [&](std::span<const NamedTensor> inputs, std::int64_t count) {
                                  return decoder_.sample(inputs, count, search, sampler, random);
                                });
}

std::string SentenceCoder::line_of(const Hypothesis& hypothesis) const {
  std::string line = tokenizer_.decode(hypothesis.tokens);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

}  // namespace abax
