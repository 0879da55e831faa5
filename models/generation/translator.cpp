// The plans of a translation, and the search over their steps.
#include "models/generation/translator.h"

#include <algorithm>
#include <numeric>

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "models/registry.h"

namespace abax {

Translator::Translator(Variables& store, const ModelSettings& settings, const DecodingShape& shape,
                       Workers& workers, SourceLocation where)
    : shape_(shape),
      variables_(sharing_parameters(store)),
      encode_graph_(std::make_unique<Graph>(*variables_, Mode::evaluate, "translate")),
      step_graph_(std::make_unique<Graph>(*variables_, Mode::evaluate, "translate")),
      source_({shape.length, shape.batch}, i32),
      lengths_({shape.batch}, i32),
      tokens_({1, shape.rows()}, i32),
      position_(Shape{}, i32),
      parents_({shape.rows()}, i32) {
  called_from(where, [&] {
    const StepDecoder& decoder = settings.entry().decoder;
    if (!decoder.begin)
      throw UsageError(str_cat("'", settings.name(), "' makes no sequence from another"));
    decoder.begin(*encode_graph_, settings, shape);
    log_probabilities_ = decoder.step(*step_graph_, settings, shape);
    vocabulary_ = log_probabilities_.shape()[1];
    encode_ = std::make_unique<Execution>(compile(*encode_graph_, {}), *variables_, workers);
    step_ = std::make_unique<Execution>(compile(*step_graph_, {log_probabilities_}), *variables_,
                                        workers);
    encode_->set("source", source_);
    encode_->set("source_lengths", lengths_);
    std::iota(parents_.as<std::int32_t>().begin(), parents_.as<std::int32_t>().end(), 0);
    step_->set("tokens", tokens_);
    // Recurrent layers read no positions, a beam of 1 has no parents.
    if (step_->reads("position")) step_->set("position", position_);
    if (step_->reads("parents")) step_->set("parents", parents_);
  });
}

void Translator::check(std::span<const std::vector<std::int32_t>> sources,
                       const BeamConfig& search) const {
  if (search.beam != shape_.beam)
    throw UsageError(
        str_cat("this translator has ", shape_.beam, " hypotheses a sentence, not ", search.beam));
  if (search.limit + 1 > shape_.limit)
    throw UsageError(str_cat("targets of ", search.limit, " tokens and an end need ",
                             search.limit + 1, " steps; this translator has ", shape_.limit));
  for (const auto& source : sources)
    if (static_cast<std::int64_t>(source.size()) > shape_.length)
      throw UsageError(str_cat("a source of ", source.size(),
                               " tokens does not fit a translator for ", shape_.length,
                               "; cut it, or ask for more"));
}

void Translator::begin(std::span<const std::vector<std::int32_t>> sources) {
  const auto source = source_.as<std::int32_t>(), lengths = lengths_.as<std::int32_t>();
  std::ranges::fill(source, 0);
  std::ranges::fill(lengths, 0);  // rows without a sentence
  const auto batch = static_cast<std::size_t>(shape_.batch);
  for (std::size_t row = 0; row < sources.size(); ++row) {
    lengths[row] = static_cast<std::int32_t>(sources[row].size());
    for (std::size_t t = 0; t < sources[row].size(); ++t) source[t * batch + row] = sources[row][t];
  }
  encode_->run();
  position_.as<std::int32_t>()[0] = 0;
}

std::span<const float> Translator::next(std::span<const std::int32_t> tokens,
                                        std::span<const std::int32_t> parents) {
  // Rows without a sentence go on with any token.
  std::ranges::copy(tokens, tokens_.as<std::int32_t>().begin());
  std::ranges::copy(parents, parents_.as<std::int32_t>().begin());
  step_->run();
  ++position_.as<std::int32_t>()[0];
  return step_->get(log_probabilities_)
      .as<float>()
      .first(tokens.size() * static_cast<std::size_t>(vocabulary_));
}

template <class Found>
std::vector<Found> Translator::in_batches(std::span<const std::vector<std::int32_t>> sources,
                                          FunctionRef<std::vector<Found>(std::int64_t)> search) {
  std::vector<Found> results;
  const auto batch = static_cast<std::size_t>(shape_.batch);
  for (std::size_t first = 0; first < sources.size(); first += batch) {
    const auto part = sources.subspan(first, std::min(batch, sources.size() - first));
    begin(part);
    std::ranges::move(search(static_cast<std::int64_t>(part.size())), std::back_inserter(results));
  }
  return results;
}

std::vector<std::vector<Hypothesis>> Translator::translate(
    std::span<const std::vector<std::int32_t>> sources, const BeamConfig& search) {
  check(sources, search);
  return in_batches<std::vector<Hypothesis>>(sources, [&](std::int64_t count) {
    return beam_search(count, vocabulary_, search,
                       [&](auto tokens, auto parents) { return next(tokens, parents); });
  });
}

std::vector<Hypothesis> Translator::sample(std::span<const std::vector<std::int32_t>> sources,
                                           const BeamConfig& search, Sampler& sampler,
                                           Random& random) {
  check(sources, search);
  return in_batches<Hypothesis>(sources, [&](std::int64_t count) {
    return sample_sequences(count, vocabulary_, search, sampler, random,
                            [&](auto tokens, auto parents) { return next(tokens, parents); });
  });
}

}  // namespace abax
