// From the states of a sequence of any length to a fixed number of vectors.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "core/graph/graph.h"
#include "models/layers/encoder.h"
#include "models/settings/fields.h"

namespace abax {

/// Each vector is what a learned query finds in the states by attention (Lee et al. 2019, section
/// 3.2; the Perceiver's latents, Jaegle et al. 2021).
struct LearnedQueries {
  std::int64_t heads = 4;
};
void fields(Fields& f, LearnedQueries& c);

/// Each vector is the mean or the maximum of an equal part of the states: vector i of n is of those
/// from floor(i length / n) to ceil((i + 1) length / n), which in sequences shorter than n states
/// is one state for several vectors.
struct StridedPooling {
  std::string pooling = "mean";  // or "max"
};
void fields(Fields& f, StridedPooling& c);

struct Resampler {
  std::variant<LearnedQueries, StridedPooling> kind = {};
  std::int64_t latents = 4;  // vectors of a sequence
};
/// "latents" and "resampler", with the fields of the chosen kind.
void fields(Fields& f, Resampler& r);

/// What does not fit together, for a message, or "": heads of the queries that do not divide the
/// width of the states.
std::string misfit(const Resampler& resampler, std::int64_t width);

/// [batch, latents, width] of states [length, batch, width]; nothing of it depends on the padding
/// or its amount. Zeros of a sequence without a state. Parameters, in the current scope, of learned
/// queries: queries/query [latents, 1, width], queries/key/weight, queries/value/weight. Throws
/// UsageError on settings that make no sense and where they do not fit the states.
Value resampled(const Encoded& encoded, const Resampler& resampler);

}  // namespace abax
