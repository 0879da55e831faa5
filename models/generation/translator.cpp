// Sources, packed into the inputs of a decoder.
#include "models/generation/translator.h"

#include <algorithm>
#include <cstring>

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "models/registry.h"

namespace abax {

Translator::Translator(Variables& store, const ModelSettings& settings, const DecodingShape& shape,
                       Workers& workers, SourceLocation where)
    : decoder_(store, settings, shape, workers, where),
      source_({shape.length, shape.batch}, i32),
      lengths_({shape.batch}, i32) {
  if (!decoder_.reads("source"))
    throw UsageError(
        str_cat("'", settings.name(), "' makes no sequence from another\n  at ", place_of(where)));
  if (decoder_.reads("codes")) {
    const CodeShape of_codes = settings.entry().autoencoder.shape(settings);
    codes_ = Tensor({shape.batch, of_codes.positions}, of_codes.kinds > 0 ? i32 : f32);
  }
}

void Translator::check(std::span<const std::vector<std::int32_t>> sources, const BeamConfig& search,
                       const Tensor& codes) const {
  decoder_.check(search);
  if (codes.size() > 0 && codes_.size() == 0)
    throw UsageError("codes were given to a model that writes targets of their sources alone");
  if (codes.size() > 0 &&
      codes.type() != TensorType{codes_.shape().with(0, std::ssize(sources)), codes_.dtype()})
    throw ShapeError(str_cat("the model takes codes [", codes_.shape()[1], "] ", codes_.dtype(),
                             " for each of ", sources.size(), " sources, not ", codes.type()));
  for (const auto& source : sources)
    if (static_cast<std::int64_t>(source.size()) > shape().length)
      throw UsageError(str_cat("a source of ", source.size(),
                               " tokens does not fit a translator for ", shape().length,
                               "; cut it, or ask for more"));
}

template <class Found>
std::vector<Found> Translator::in_batches(
    std::span<const std::vector<std::int32_t>> sources, const Tensor& codes,
    FunctionRef<std::vector<Found>(std::span<const NamedTensor>, std::int64_t)> search) {
  const std::vector<NamedTensor> inputs{
      {"source", source_}, {"source_lengths", lengths_}, {"codes", codes_}};
  const std::size_t bytes = codes_.bytes() / static_cast<std::size_t>(shape().batch);  // of a row
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
    std::fill_n(static_cast<std::byte*>(codes_.data()), codes_.bytes(), std::byte{});
    if (codes.size() > 0)
      std::memcpy(codes_.data(), static_cast<const std::byte*>(codes.data()) + first * bytes,
                  part.size() * bytes);
    std::ranges::move(search(inputs, std::ssize(part)), std::back_inserter(results));
  }
  return results;
}

std::vector<std::vector<Hypothesis>> Translator::translate(
    std::span<const std::vector<std::int32_t>> sources, const BeamConfig& search,
    const Tensor& codes) {
  check(sources, search, codes);
  return in_batches<std::vector<Hypothesis>>(
      sources, codes, [&](std::span<const NamedTensor> inputs, std::int64_t count) {
        return decoder_.search(inputs, count, search);
      });
}

std::vector<Hypothesis> Translator::sample(std::span<const std::vector<std::int32_t>> sources,
                                           const BeamConfig& search, Sampler& sampler,
                                           Random& random, const Tensor& codes) {
  check(sources, search, codes);
  return in_batches<Hypothesis>(sources, codes,
                                [&](std::span<const NamedTensor> inputs, std::int64_t count) {
                                  return decoder_.sample(inputs, count, search, sampler, random);
                                });
}

}  // namespace abax
