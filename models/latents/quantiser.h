// Quantisers: what turns vectors of features into codes, whatever the features are of.
//
//     const Quantised q = quantise(z, weights, quantiser);      // z is [batch, positions, width]
//     const Value y = decoder(q.values);
//     const Value objective = mean(square(y - x)) + mean(q.loss);
//
// How one codebook does it is its kind:
//
//  nearest   The nearest vector of a codebook (van den Oord et al. 2017, eq. 1 and 2). With
//            `cosine` vectors and codes are divided by their lengths first, so that direction alone
//            counts (Yu et al. 2022, section 3.2); zero vectors stay zero (unit_vectors() in
//            ops/quantise.h).
//  finite    FSQ (Mentzer et al. 2024, section 3.1): each dimension is bounded and rounded to one
//            of its `levels`. No codebook to learn, no loss.
//
// Codebooks of either kind work together:
//
//  groups    Each of so many equal parts of the width has codebooks of its own.
//  stages    So many codebooks in turn, each for what the ones before it left (Zeghidour et al.
//            2021, algorithm 1); of finite scalars each divides what one level of the stage before
//            stands for (models/latents/finite_scalar.h). In a training graph a share
//            `quantiser_dropout` of the batches uses only the first 1 to stages - 1 of them,
//            equally likely; the others are neither added, nor counted, nor moved then.
//
// With both, each group has its stages; its codebooks and codes stand together. Cosine codes have
// no stages: nothing is left of a direction.
//
// Codebooks of nearest codes are parameters NAME [codes, width]. With `codebook_decay` 0 they are
// moved by their loss; else they are frozen for optimisers and have saved state, NAME/counts
// [codes] and NAME/sums [codes, width], with which a training graph moves them at the end of each
// run:
//
//   N = decay N + (1 - decay) n,  m = decay m + (1 - decay) (sum of the vectors of the code)
//   code = m / N'                                            (van den Oord et al. 2017, A.1)
//
// where N' is N after Laplace smoothing, (N + s) / (total + codes s) * total with s =
// codebook_smoothing, as in Sonnet's VectorQuantizerEMA. Cosine codes are m / |m| instead; one
// whose m is zero stays as it was. A random code begins with N = 1 - decay, the weight of one
// vector in one batch, so that it soon follows the vectors (or with 1 + restart_below, where codes
// restart); one that comes from data or from another run begins with 1 + restart_below. m fits the
// code, so that a code that is not used stays: its N and m fade alike, by decay a run, and before
// the smoothing outweighs them (N below 100 s, where it has taken a hundredth of the code's length:
// with a decay of 0.99 after 230 runs of a random code, 690 of one from data) the code is left
// alone until a vector meets it again. (In Sonnet such codes go on to the origin, all to one
// place.) Its place may be one where no vector ever comes; `restart_below`
// is against that: codes whose new N is below it become vectors of the batch, drawn at random: the
// code, N (to 1 + restart_below) and m (N times the code) at once, in place of that run's moving
// average. Cosine codes need no smoothing. An evaluation graph changes nothing.
//
// The terms of the loss are, for each position, means of squares over the width, as in Sonnet (the
// paper's norms are sums): commitment is mean (z - sg(code))^2, eq. 3's third term, weighted by
// Nearest::commitment; the codebook's is mean (sg(z) - code)^2, the second term, weight 1, where
// codebook_decay is 0. Groups are averaged, as one width; stages are summed, each with what it was
// given for z, and the gradient of each stage's commitment reaches z.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/graph/graph.h"
#include "models/settings/fields.h"

namespace abax {

struct Nearest {
  std::int64_t codes = 512;      // vectors of a codebook
  float commitment = 0.25f;      // weight of the commitment term
  float codebook_decay = 0.99f;  // of the codebook's moving averages; 0: a codebook loss instead
  float codebook_smoothing = 1e-5f;     // of the counts of these averages (Sonnet's epsilon)
  bool cosine = false;                  // codes are found by direction alone
  std::string codebook_start = "data";  // "data" (k-means) or "random"
  float restart_below = 0;              // codes used less often than this a batch move; 0: never
};
void fields(Fields& f, Nearest& n);

struct Finite {
  std::vector<std::int64_t> levels = {8, 5, 5, 5};  // one a dimension
};
void fields(Fields& f, Finite& n);

struct Quantiser {
  std::variant<Nearest, Finite> kind = {};
  std::int64_t code_width = 64;  // numbers of a vector; those of finite scalars follow from levels
  std::int64_t stages = 1;
  std::int64_t groups = 1;
  float quantiser_dropout = 0;  // share of the batches that use only some stages
  bool numbered = false;  // one codebook is called NAME0: of checkpoints of one residual stage
};
void fields(Fields& f, Quantiser& q);
/// Declares the setting "code-width".
Field& code_width_field(Fields& f, std::int64_t& width, std::string help);
/// ModelEntry::upgrade of models with a quantiser: where `residual` was a kind of its own, other
/// kinds did not read `stages`.
void upgrade_quantiser(std::map<std::string, std::string>& values);

/// The width of the vectors that are quantised: code_width, or one a level of FSQ and group. Throws
/// UsageError on choices that make no quantiser.
std::int64_t quantised_width(const Quantiser& quantiser,
                             SourceLocation where = SourceLocation::current());
/// Codes a position: groups * stages.
std::int64_t codebooks(const Quantiser& quantiser,
                       SourceLocation where = SourceLocation::current());
/// Values of a code: `codes`, or the product of the levels.
std::int64_t code_kinds(const Quantiser& quantiser,
                        SourceLocation where = SourceLocation::current());

struct Quantised {
  Value codes;   // [.., codebooks] i32; FSQ: the levels' numbers in mixed radix, first lowest
  Value values;  // [.., width] f32: the codes' vectors; their gradient goes to z (cosine: to its
                 // unit vectors; FSQ: to the bounded values)
  Value commitment;  // [..] f32, without its weight; 0 where a position does not count
  Value loss;        // [..] f32: all terms with their weights; likewise
  Value counts;      // [codebooks * kinds] f32: how often each code came, by weights
};

/// z is f32 [.., width] of quantised_width(). `weights`, f32 [..], is 1 for positions that count
/// and 0 for those that do not: these get codes, but weigh nothing in counts, losses and codebooks.
/// Codebooks are called `name` in the current scope, or NAME0, NAME1, ... where there are several.
/// Throws ShapeError on other shapes, UsageError on choices that make no quantiser, and in an
/// evaluation graph on codebooks that the store does not have.
Quantised quantise(Value z, Value weights, const Quantiser& quantiser,
                   std::string_view name = "codebook",
                   SourceLocation where = SourceLocation::current());

/// The vectors of codes, i32 [.., codebooks]: [.., width]. In a graph of its own, on the same
/// store.
Value lookup(Value codes, const Quantiser& quantiser, std::string_view name = "codebook",
             SourceLocation where = SourceLocation::current());

/// exp(entropy) of how often each code came, the mean over codebooks: f32 []. `counts` as in
/// Quantised; 1 where nothing came.
Value code_perplexity(Value counts, std::int64_t codebooks);

/// What N is of a code that comes from data (see above).
float first_count(const Nearest& nearest);

}  // namespace abax
