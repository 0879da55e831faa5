// The plans of a StepDecoder, and the search over their steps.
#include "models/generation/sequence_decoder.h"

#include <algorithm>
#include <numeric>

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "models/registry.h"

namespace abax {

std::int64_t longest_sequence(const ModelSettings& settings, SourceLocation where) {
  const ModelEntry& entry = settings.entry();
  if (!entry.context || !entry.decoder.begin)
    throw UsageError(str_cat("'", settings.name(), "' writes no sequence\n  at ", place_of(where)));
  const std::int64_t limit = entry.context(settings);
  if (limit < 1)
    throw UsageError(str_cat("the settings of '", settings.name(),
                             "' do not say how long a sequence may be: set their context\n  at ",
                             place_of(where)));
  return limit;
}

SequenceDecoder::SequenceDecoder(Variables& store, const ModelSettings& settings,
                                 const DecodingShape& shape, Workers& workers, SourceLocation where)
    : shape_(shape),
      variables_(sharing_parameters(store)),
      begin_graph_(std::make_unique<Graph>(*variables_, Mode::evaluate, "translate")),
      step_graph_(std::make_unique<Graph>(*variables_, Mode::evaluate, "translate")),
      tokens_({1, shape.rows()}, i32),
      position_(Shape{}, i32),
      parents_({shape.rows()}, i32) {
  called_from(where, [&] {
    const StepDecoder& decoder = settings.entry().decoder;
    if (!decoder.begin)
      throw UsageError(
          str_cat("'", settings.name(), "' makes no sequence from another or from codes"));
    decoder.begin(*begin_graph_, settings, shape);
    log_probabilities_ = decoder.step(*step_graph_, settings, shape);
    vocabulary_ = log_probabilities_.shape()[1];
    begin_ = std::make_unique<Execution>(compile(*begin_graph_, {}), *variables_, workers);
    step_ = std::make_unique<Execution>(compile(*step_graph_, {log_probabilities_}), *variables_,
                                        workers);
    std::iota(parents_.as<std::int32_t>().begin(), parents_.as<std::int32_t>().end(), 0);
    step_->set("tokens", tokens_);
    // Recurrent layers read no positions, a beam of 1 has no parents.
    if (step_->reads("position")) step_->set("position", position_);
    if (step_->reads("parents")) step_->set("parents", parents_);
  });
}

void SequenceDecoder::check(const BeamConfig& search) const {
  if (search.beam != shape_.beam)
    throw UsageError(
        str_cat("this decoder has ", shape_.beam, " hypotheses a sentence, not ", search.beam));
  if (search.limit + 1 > shape_.limit)
    throw UsageError(str_cat("targets of ", search.limit, " tokens and an end need ",
                             search.limit + 1, " steps; this decoder has ", shape_.limit));
}

void SequenceDecoder::begin(std::span<const NamedTensor> inputs, std::int64_t count) {
  if (count < 0 || count > shape_.batch)
    throw UsageError(
        str_cat("this decoder writes up to ", shape_.batch, " sequences at a time, not ", count));
  for (const NamedTensor& input : inputs)
    if (reads(input.name)) begin_->set(input.name, input.tensor);
  begin_->run();
  position_.as<std::int32_t>()[0] = 0;
}

std::span<const float> SequenceDecoder::next(std::span<const std::int32_t> tokens,
                                             std::span<const std::int32_t> parents) {
  // Rows that nothing is asked of go on with any token.
  std::ranges::copy(tokens, tokens_.as<std::int32_t>().begin());
  std::ranges::copy(parents, parents_.as<std::int32_t>().begin());
  step_->run();
  ++position_.as<std::int32_t>()[0];
  return step_->get(log_probabilities_)
      .as<float>()
      .first(tokens.size() * static_cast<std::size_t>(vocabulary_));
}

std::vector<std::vector<Hypothesis>> SequenceDecoder::search(std::span<const NamedTensor> inputs,
                                                             std::int64_t count,
                                                             const BeamConfig& search) {
  check(search);
  begin(inputs, count);
  return beam_search(count, vocabulary_, search,
                     [&](auto tokens, auto parents) { return next(tokens, parents); });
}

std::vector<Hypothesis> SequenceDecoder::sample(std::span<const NamedTensor> inputs,
                                                std::int64_t count, const BeamConfig& search,
                                                Sampler& sampler, Random& random) {
  check(search);
  begin(inputs, count);
  return sample_sequences(count, vocabulary_, search, sampler, random,
                          [&](auto tokens, auto parents) { return next(tokens, parents); });
}

}  // namespace abax
