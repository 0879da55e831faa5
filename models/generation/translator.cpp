// Sources, packed into the inputs of a decoder.
#include "models/generation/translator.h"

#include <algorithm>

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {

Translator::Translator(Variables& store, const ModelSettings& settings, const DecodingShape& shape,
                       Workers& workers, SourceLocation where)
    : decoder_(store, settings, shape, workers, where),
      source_({shape.length, shape.batch}, i32),
      lengths_({shape.batch}, i32) {
  if (!decoder_.reads("source"))
    throw UsageError(
        str_cat("'", settings.name(), "' makes no sequence from another\n  at ", place_of(where)));
}

void Translator::check(std::span<const std::vector<std::int32_t>> sources,
                       const BeamConfig& search) const {
  decoder_.check(search);
  for (const auto& source : sources)
    if (static_cast<std::int64_t>(source.size()) > shape().length)
      throw UsageError(str_cat("a source of ", source.size(),
                               " tokens does not fit a translator for ", shape().length,
                               "; cut it, or ask for more"));
}

template <class Found>
std::vector<Found> Translator::in_batches(
    std::span<const std::vector<std::int32_t>> sources,
    FunctionRef<std::vector<Found>(std::span<const NamedTensor>, std::int64_t)> search) {
  const std::vector<NamedTensor> inputs{{"source", source_}, {"source_lengths", lengths_}};
  const auto source = source_.as<std::int32_t>(), lengths = lengths_.as<std::int32_t>();
  const auto batch = static_cast<std::size_t>(shape().batch);
  std::vector<Found> results;
  for (std::size_t first = 0; first < sources.size(); first += batch) {
    const auto part = sources.subspan(first, std::min(batch, sources.size() - first));
    std::ranges::fill(source, 0);
    std::ranges::fill(lengths, 0);  // rows without a sentence
    for (std::size_t row = 0; row < part.size(); ++row) {
      lengths[row] = static_cast<std::int32_t>(part[row].size());
      for (std::size_t t = 0; t < part[row].size(); ++t) source[t * batch + row] = part[row][t];
    }
    std::ranges::move(search(inputs, std::ssize(part)), std::back_inserter(results));
  }
  return results;
}

std::vector<std::vector<Hypothesis>> Translator::translate(
    std::span<const std::vector<std::int32_t>> sources, const BeamConfig& search) {
  check(sources, search);
  return in_batches<std::vector<Hypothesis>>(
      sources, [&](std::span<const NamedTensor> inputs, std::int64_t count) {
        return decoder_.search(inputs, count, search);
      });
}

std::vector<Hypothesis> Translator::sample(std::span<const std::vector<std::int32_t>> sources,
                                           const BeamConfig& search, Sampler& sampler,
                                           Random& random) {
  check(sources, search);
  return in_batches<Hypothesis>(sources,
                                [&](std::span<const NamedTensor> inputs, std::int64_t count) {
                                  return decoder_.sample(inputs, count, search, sampler, random);
                                });
}

}  // namespace abax
