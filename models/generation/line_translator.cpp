// Batching lines by length, so that those of a batch end at about the same step.
#include "models/generation/line_translator.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/text/sentence_batches.h"
#include "models/generation/items.h"
#include "models/registry.h"

namespace abax {
namespace {

constexpr std::int64_t rows = 64;    // hypotheses that are advanced together
constexpr std::int64_t lengths = 4;  // of sources, to which shorter ones are padded

/// These rows of codes [lines, positions]; none of none.
Tensor rows_of(const Tensor& codes, std::span<const std::size_t> lines) {
  if (codes.size() == 0) return {};
  Tensor result(codes.shape().with(0, std::ssize(lines)), codes.dtype());
  for (std::size_t i = 0; i < lines.size(); ++i)
    copy_items(codes.view(), static_cast<std::int64_t>(lines[i]), 1, result,
               static_cast<std::int64_t>(i));
  return result;
}

}  // namespace

std::string line_of(const Hypothesis& hypothesis, const PairTokenizers& tokenizers) {
  std::string line = tokenizers.target.decode(hypothesis.tokens);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

LineTranslator::LineTranslator(Variables& store, const ModelSettings& settings,
                               const PairTokenizers& tokenizers, std::int64_t beam,
                               Workers& workers, SourceLocation where)
    : store_(store),
      settings_(settings),
      tokenizers_(tokenizers),
      workers_(workers),
      context_(longest_sequence(settings, where)),
      beam_(beam),
      batch_(std::max<std::int64_t>(1, rows / beam)) {}

Translator& LineTranslator::translator_for(std::int64_t length) {
  const std::int64_t piece = (context_ + lengths - 1) / lengths;
  const std::int64_t padded = std::min(context_, (length + piece - 1) / piece * piece);
  const DecodingShape shape{.batch = batch_, .length = padded, .beam = beam_, .limit = context_};
  return by_length_.try_emplace(padded, store_, settings_, shape, workers_).first->second;
}

template <class Decode>
std::vector<std::vector<Hypothesis>> LineTranslator::in_batches(
    const std::vector<std::string>& lines, const Tensor& codes, std::int64_t n_best,
    const Decode& decode) {
  if (codes.size() > 0 && (codes.shape().rank() != 2 || codes.shape()[0] != std::ssize(lines)))
    throw ShapeError(
        str_cat("expected codes for each of ", lines.size(), " lines, got ", codes.type()));
  Batch sources;
  std::vector<std::size_t> order;  // lines with tokens, shortest first
  std::vector<std::vector<Hypothesis>> results(lines.size());
  cut_ = 0;
  for (const std::string& line : lines) {
    std::vector<std::int32_t>& source = sources.emplace_back(tokenizers_.source.encode(line));
    if (source.empty())
      results[sources.size() - 1].resize(
          static_cast<std::size_t>(std::max<std::int64_t>(1, n_best)));
    else
      order.push_back(sources.size() - 1);
    if (static_cast<std::int64_t>(source.size()) > context_ - 1) {
      source.resize(static_cast<std::size_t>(context_ - 1));
      ++cut_;
    }
    source.push_back(data::source_end(tokenizers_.source));
  }
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return sources[i].size(); });
  const auto batch = static_cast<std::size_t>(batch_);
  for (std::size_t at = 0; at < order.size(); at += batch) {
    const std::size_t end = std::min(order.size(), at + batch);
    Batch some;
    for (std::size_t i = at; i < end; ++i) some.push_back(sources[order[i]]);
    Translator& translator = translator_for(std::ssize(some.back()));
    std::vector<std::vector<Hypothesis>> found =
        decode(translator, some, rows_of(codes, std::span(order).subspan(at, end - at)));
    for (std::size_t i = at; i < end; ++i) results[order[i]] = std::move(found[i - at]);
  }
  return results;
}

BeamConfig LineTranslator::complete(BeamConfig search) const {
  search.begin = data::target_begin(tokenizers_.target);
  search.end = data::target_end(tokenizers_.target);
  search.limit = context_ - 1;
  return search;
}

std::vector<std::vector<Hypothesis>> LineTranslator::translate(
    const std::vector<std::string>& lines, BeamConfig search, const Tensor& codes) {
  search = complete(search);
  return in_batches(lines, codes, search.n_best,
                    [&](Translator& translator, const Batch& some, const Tensor& their_codes) {
                      return translator.translate(some, search, their_codes);
                    });
}

std::vector<std::vector<Hypothesis>> LineTranslator::sample(const std::vector<std::string>& lines,
                                                            Sampler& sampler, Random& random,
                                                            const Tensor& codes) {
  const BeamConfig search = complete({.beam = 1});
  return in_batches(
      lines, codes, 1, [&](Translator& translator, const Batch& some, const Tensor& their_codes) {
        std::vector<std::vector<Hypothesis>> found;
        for (Hypothesis& hypothesis : translator.sample(some, search, sampler, random, their_codes))
          found.push_back({std::move(hypothesis)});
        return found;
      });
}

}  // namespace abax
