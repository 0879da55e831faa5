// Quantisers: what turns the vectors of an encoder into codes, by ModelConfig::quantiser.
//
//     const Quantised q = quantise(z, weights, config);      // z is [batch, positions, width]
//     const Value y = decode_image(q.values, config, 1);
//     const Value objective = mean(likelihood) + mean(q.loss);
//
//  nearest   The nearest vector of a codebook (van den Oord et al. 2017, eq. 1 and 2). With
//            `groups` G each of G equal parts of the width has a codebook of its own. With `cosine`
//            vectors and codes are divided by their lengths first, so that direction alone counts
//            (Yu et al. 2022, section 3.2); zero vectors stay zero (unit_vectors() in
//            ops/quantise.h).
//  residual  `stages` codebooks in turn, each for what the ones before it left (Zeghidour et al.
//            2021, algorithm 1). In a training graph a share `quantiser_dropout` of the batches
//            uses only the first 1 to stages - 1 of them, equally likely; the others are neither
//            added, nor counted, nor moved then.
//  finite    FSQ (Mentzer et al. 2024, section 3.1): each dimension is bounded and rounded to one
//            of its `levels`. No codebook, no loss.
//
// Codebooks are parameters NAME [codes, width]. With `codebook_decay` 0 they are moved by their
// loss; else they are frozen for optimisers and have saved state, NAME/counts [codes] and NAME/sums
// [codes, width], with which a training graph moves them at the end of each run:
//
//     N = decay N + (1 - decay) n,  m = decay m + (1 - decay) (sum of the vectors of the code)
//     code = m / N'                                            (van den Oord et al. 2017, A.1)
//
// where N' is N after Laplace smoothing, (N + 1e-5) / (total + codes 1e-5) * total, as in Sonnet's
// VectorQuantizerEMA. Cosine codes are m / |m| instead; one whose m is zero stays as it was. A
// random code begins with N = 1 - decay, the weight of one vector in one batch, so that it soon
// follows the vectors (or with 1 + restart_below, where codes restart); one that comes from data or
// from another run begins with 1 + restart_below. m fits the code, so that codes that are not used
// stay. With `restart_below` above 0 codes whose new N is below it become vectors of the batch,
// drawn at random: the code, N (to 1 + restart_below) and m (N times the code) at once, in place of
// that run's moving average. An evaluation graph changes nothing.
//
// The terms of the loss are, for each position, means of squares over the width, as in Sonnet (the
// paper's norms are sums): commitment is mean (z - sg(code))^2, eq. 3's third term, weighted by
// ModelConfig::commitment; the codebook's is mean (sg(z) - code)^2, the second term, weight 1,
// where codebook_decay is 0. Groups are averaged, as one width; stages are summed, each with what
// it was given for z, and the gradient of each stage's commitment reaches z.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/graph/graph.h"
#include "models/model_config.h"

namespace abax {

/// The width of the vectors that are quantised: code_width, or one a level of FSQ. Throws
/// UsageError on choices that make no quantiser.
std::int64_t quantised_width(const ModelConfig& config);
/// Codes a position: groups, stages or 1.
std::int64_t codebooks(const ModelConfig& config);
/// Values of a code: `codes`, or the product of the levels.
std::int64_t code_kinds(const ModelConfig& config);

struct Quantised {
  Value codes;   // [.., codebooks] i32; FSQ: the levels' numbers in mixed radix, first lowest
  Value values;  // [.., width] f32: the codes' vectors; their gradient goes to z (cosine: to its
                 // unit vectors)
  Value commitment;  // [..] f32, without its weight; 0 where a position does not count
  Value loss;        // [..] f32: all terms with their weights; likewise
  Value counts;      // [codebooks * kinds] f32: how often each code came, by weights
};

/// z is f32 [.., width] of quantised_width(). `weights`, f32 [..], is 1 for positions that count
/// and 0 for those that do not: these get codes, but weigh nothing in counts, losses and codebooks.
/// Codebooks are called `name` in the current scope, or NAME0, NAME1, ... where there are several.
/// Throws ShapeError on other shapes, UsageError on choices that make no quantiser, and in an
/// evaluation graph on codebooks that the store does not have.
Quantised quantise(Value z, Value weights, const ModelConfig& config,
                   std::string_view name = "codebook");

/// The vectors of codes, i32 [.., codebooks]: [.., width]. In a graph of its own, on the same
/// store.
Value lookup(Value codes, const ModelConfig& config, std::string_view name = "codebook");

/// exp(entropy) of how often each code came, the mean over codebooks: f32 []. `counts` as in
/// Quantised; 1 where nothing came.
Value code_perplexity(Value counts, std::int64_t codebooks);

/// What N is of a code that comes from data (see above).
float first_count(const ModelConfig& config);

}  // namespace abax
