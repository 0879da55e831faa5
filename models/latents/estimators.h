// Estimators of the gradient of E_q(z)[f(z)] with respect to the logits of categorical q.
//
// Two families. By the path: a sample whose gradient goes to the logits (sampled()), which is right
// only of relaxed samples' own expectation and biased of the hard ones'. By the score: f of hard
// samples, to which a term is added whose value is 0 and whose gradient is (f - baseline) grad log
// q(z); unbiased, whatever f is.
//
//  name              sample  gradient                                                biased
//  gumbel            relaxed path (Jang et al. 2017; Maddison et al. 2017)           yes
//  straight-through  hard    path of the relaxed sample (Jang et al. 2017)           yes
//  reinmax           hard    path, second order (Liu et al. 2023)                    yes
//  nvil              hard    score, learned baseline (Mnih and Gregor 2014)          no
//  rloo              hard    score, the other samples' mean (Kool et al. 2019)       no
//  vimco             hard    of the bound of several samples (Mnih and Rezende 2016) no
//  exact             all     the sum over all values of z                            no
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/source_location.h"
#include "core/graph/graph.h"

namespace abax {

const std::vector<std::string>& estimator_names();
// Of these three all throw UsageError on an unknown name, naming the nearest.
void check_estimator(std::string_view name, SourceLocation where = SourceLocation::current());
/// Whether its samples are between the corners, so that no bound follows from them.
bool is_relaxed(std::string_view estimator, SourceLocation where = SourceLocation::current());
/// Whether the gradient comes by the path through the sample.
bool is_pathwise(std::string_view estimator, SourceLocation where = SourceLocation::current());

// Samples of logits f32 [.., categories] by noise that broadcasts with them, standard Gumbel
// (random_gumbel); the temperature is f32 [], above 0. All throw UsageError on an empty value where
// one is needed, ShapeError on shapes that do not fit, with the caller's place.

/// One-hot, without a gradient: argmax(logits + noise), which is a sample of softmax(logits), and
/// its mode where the noise is empty.
Value hard_sample(Operand logits, Value noise);

/// softmax((logits + noise) / temperature): Gumbel-Softmax (Jang et al. 2017, eq. 2).
Value relaxed_sample(Operand logits, Value noise, Value temperature);

/// hard_sample() with the gradient of relaxed_sample() by the same noise (Jang et al. 2017, section
/// 2.2).
Value straight_through_sample(Operand logits, Value noise, Value temperature);

/// hard_sample() with the gradient of Liu et al. 2023, algorithm 2 (ReinMax): of second order in
/// the steps between categories. There the temperature is best at 1 or above.
Value reinmax_sample(Operand logits, Value noise, Value temperature);

/// The sample of an estimator by its name; hard without gradient where it is not pathwise, which
/// reads no temperature. Throws UsageError besides on an unknown name and without noise.
Value sampled(std::string_view estimator, Operand logits, Value noise, Value temperature);

// The following take f and log_q = log q(z) of hard samples z, and give values whose gradient is
// the estimator's. They throw UsageError on empty values, ShapeError on shapes that do not
// broadcast, with the caller's place.

/// f with the gradient of f plus (f - baseline) times that of log_q (Williams 1992). All three
/// broadcast; the baseline must not depend on this z.
Value with_score(Operand f, Value log_q, Value baseline);

/// f, log_q [samples, ..]: with_score() with the mean of the other samples' f for a baseline (Kool,
/// van Hoof and Welling 2019). Throws UsageError where there are fewer than two samples.
Value leave_one_out(Operand f, Value log_q);

/// log_weight = log p(x, z) - log q(z) [samples, ..], log_q likewise: the log of the mean of
/// exp(log_weight), [..], a bound on log p(x) that is the tighter the more samples there are, with
/// the gradient of Mnih and Rezende 2016 (VIMCO), with the geometric mean of the others.
/// Throws UsageError where there are fewer than two samples.
Value multi_sample_bound(Operand log_weight, Value log_q);

/// A baseline for with_score() that learns what f is of an input.
struct LearnedBaseline {
  Value prediction;  // of f: [batch], without gradient
  Value loss;        // [batch]: value 0, its gradient that of the squared error of the prediction
};
/// f is [samples, batch]. The prediction is c + a network's of `input` [batch, size]: 100 tanh
/// units (Mnih and Gregor 2014, section 2.3.1), parameters NAME/hidden and NAME/output. c is a
/// running mean, saved state NAME/centre, which moves by 0.2 of its distance each run. The signal's
/// variance is not normalised (theirs, section 2.3.2): that would weigh the score's part of a
/// gradient against the rest and so bias their sum. Rows of weight 0 (`weights` [batch]) do not
/// count.
LearnedBaseline learned_baseline(Operand input, Value f, Value weights, std::string_view name);

/// All states of `latents` variables of `categories` values, one-hot [states, latents, categories].
/// Throws UsageError where there are more than 1,024.
Value all_states(Graph& graph, std::int64_t latents, std::int64_t categories,
                 SourceLocation where = SourceLocation::current());

}  // namespace abax
