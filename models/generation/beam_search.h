// Beam search and sampling over any model that gives log-probabilities of the next token; no graph
// is known here.
//
//     // [rows, 4]: of what follows each row, whatever came before
//     const std::vector<float> always(20, std::log(0.25f));
//     const auto next = [&](auto tokens, auto parents) { return std::span<const float>(always); };
//     const auto found = beam_search(1, 4, {.beam = 5, .begin = 1, .end = 2}, next);
//     const std::vector<std::int32_t>& best = found[0][0].tokens;  // without begin and end
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/function_ref.h"
#include "core/base/random.h"
#include "models/generation/sampling.h"

namespace abax {

/// A finished sequence.
struct Hypothesis {
  std::vector<std::int32_t> tokens;  // without begin and end
  double log_probability = 0;        // nats, the end's included
  double score = 0;                  // log_probability / length^alpha
};

struct BeamConfig {
  std::int64_t beam = 5;      // hypotheses kept
  std::int64_t n_best = 1;    // of these are returned, at most as many as the beam
  double length_penalty = 1;  // alpha: 0 compares sums, 1 means over tokens
  std::int64_t limit = 100;   // tokens of the longest sequence, its end not counted
  std::int32_t begin = 0;     // the token that stands before every sequence
  std::int32_t end = 0;       // the token that ends one; begin and end may be the same
};

/// One step of `rows` hypotheses: the last token of each, and of which row of the step before each
/// goes on (at the first step its own). Returns log-probabilities of the next token, [rows,
/// vocabulary], valid until the next call.
using NextLogProbabilities = FunctionRef<std::span<const float>(
    std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents)>;

/// For each of `sequences` sequences the best hypotheses found, best first, by the sum of
/// log-probabilities over length^alpha, the end counted (as fairseq does; Wu et al. 2016, eq. 14,
/// have another power). A step has sequences * beam rows, those of a sequence being neighbours. A
/// hypothesis that ends among the `beam` best continuations is finished; a sequence is done when
/// `beam` are. With beam 1 this takes the likeliest token at each step. The begin token never comes
/// again, unless it is the end as well: one token may be both. Equal scores are taken in the order
/// of rows, then of tokens. Each sequence has one hypothesis at least. Throws UsageError on a
/// configuration out of range, DivergedError where a log-probability of a live hypothesis is NaN or
/// +inf and where no hypothesis has a finite one.
std::vector<std::vector<Hypothesis>> beam_search(std::int64_t sequences, std::int64_t vocabulary,
                                                 const BeamConfig& config,
                                                 NextLogProbabilities next);

/// One drawn sequence for each: a step has `sequences` rows. Of the configuration only begin, end,
/// limit and the length penalty count. The sampler's repetition penalty is for the tokens of the
/// sequence itself. Throws like beam_search(), and what Sampler::draw() throws.
std::vector<Hypothesis> sample_sequences(std::int64_t sequences, std::int64_t vocabulary,
                                         const BeamConfig& config, Sampler& sampler, Random& random,
                                         NextLogProbabilities next);

}  // namespace abax
