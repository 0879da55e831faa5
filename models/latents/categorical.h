// Categorical latents (Jang et al. 2017): from features to distributions of variables with a few
// values each, their samples with an estimator's gradient, and their terms of a bound. What the
// features are of is all the same.
//
//     const Conditionals q = categorical_posterior(features, latent, width);
//     const Conditionals p = categorical_prior(graph, latent, width);
//     const CategoricalSamples s = categorical_samples(q, p, latent);
//     const Value log_likelihood = decoder(s.vectors());        // [samples, batch]
//     const Bound bound = categorical_bound(s, latent, log_likelihood, weight, items, weights);
//
// The KL is the sum of KL(q(z_k|z_<k, x), p(z_k|z_<k)), which of independent variables is the KL
// itself and else its Monte-Carlo estimate by the samples, with each variable summed out.
//
// Training takes CategoricalLatent::samples samples an item with the estimator's gradient (see
// models/latents/estimators.h; "temperature" is a scheduled scalar). "vimco" trains the bound of
// all its samples (its loss; the weight of the KL multiplies log p(z) - log q(z|x)) and needs at
// least two, as "rloo" does; "exact" sums over all states instead. In an evaluation graph there is
// one hard sample, whatever the estimator, so that the loss is -ELBO.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/graph/graph.h"
#include "models/latents/variational.h"
#include "models/layers/conditionals.h"
#include "models/model.h"
#include "models/settings/fields.h"

namespace abax {

struct CategoricalLatent {
  std::int64_t latents = 20;     // variables
  std::int64_t categories = 10;  // values of each
  std::string estimator = "gumbel";
  std::int64_t samples = 1;               // of the posterior an item; not of "exact"
  std::string prior = "uniform";          // "uniform", "learned" or "autoregressive"
  std::string posterior = "independent";  // "independent" or "autoregressive"
  KlSchedule kl = {};
  KlCharge charge = {};    // not of "vimco" and "exact", whose objectives have no such term; the
                           // aggregate's is the sum of each variable's, independent ones alone
  double temperature = 1;  // of relaxed samples, at the first step
  double final_temperature = 0;  // at the last; 0: 0.5, or 1 of "reinmax", which wants no less
};
void fields(Fields& f, CategoricalLatent& l);
/// Whether prior or posterior has conditionals, and so reads a width.
bool has_conditionals(const CategoricalLatent& latent);

/// q(z|x) of features [.., width], logits [.., latents, categories]: encoder/logits {weight, bias};
/// "autoregressive" adds conditionals (models/layers/conditionals.h) of `width` units,
/// encoder/conditional/{hidden/weight, hidden/bias, embedding, output}. Throws UsageError where the
/// settings do not fit together, as categorical_prior() does.
Conditionals categorical_posterior(Value features, const CategoricalLatent& latent,
                                   std::int64_t width);
/// p(z), logits [latents, categories]: "uniform"; "learned" prior/logits; "autoregressive" with
/// prior/conditional/{hidden, embedding, output} besides.
Conditionals categorical_prior(Graph& graph, const CategoricalLatent& latent, std::int64_t width);

/// The likeliest value of each variable in turn, [.., latents] i32.
Value likeliest_codes(const Conditionals& distribution);
/// Drawn anew at each run, [rows.., latents] i32.
Value drawn_codes(const Conditionals& distribution, const Shape& rows);
/// What a decoder takes for codes [.., latents]: one-hot, [.., latents * categories].
/// Throws ShapeError with the caller's place on other shapes.
Value code_vectors(Operand codes, const CategoricalLatent& latent);

/// Samples of the posterior, or all its states, with what a bound takes of them. Leading axis: the
/// samples or states.
struct CategoricalSamples {
  Draw drawn;         // one-hot or relaxed z and the logits it was drawn by, [samples, batch, ..,
                      // latents, categories]; of all states z is [states, 1, ..]
  Value p_logits;     // of the prior, given z
  Value kl;           // [samples, batch, .., latents]; of all states summed: [states, batch, 1]
  Value probability;  // of all states: q(z|x), [states, batch]; null of samples
  /// What a decoder takes: [samples, batch or 1, .., latents * categories].
  Value vectors() const;
  /// Of z, summed over an item: [samples, batch].
  Value log_q() const;
  Value log_p() const;
  /// The mean over samples, or over all states by their probability: x [samples, batch, ..] ->
  /// [batch, ..].
  Value mean_of(Value x) const;
};
/// As training or evaluation takes them. The noise is named "noise" [samples, batch, .., latents,
/// categories].
CategoricalSamples categorical_samples(const Conditionals& q, const Conditionals& p,
                                       const CategoricalLatent& latent);
/// One hard sample without gradient.
CategoricalSamples hard_sample_of(const Conditionals& q, const Conditionals& p);

/// The bound by these samples, its objective with the estimator's gradient and, in training, what
/// CategoricalLatent::charge asks in the place of the KL. `log_likelihood` is
/// log p(x|z), [samples, batch]; `items` [batch, ..] is what a learned baseline reads.
/// Throws ShapeError with the caller's place where log p(x|z) has another shape than log_q().
Bound categorical_bound(const CategoricalSamples& samples, const CategoricalLatent& latent,
                        Operand log_likelihood, Value weight, Value items, Value weights);
/// Whether the model's samples make a bound: in training graphs not where they are relaxed.
bool makes_bound(const Graph& graph, const CategoricalLatent& latent);

/// What evaluations add up over items [batch]: "kl_per_latent" [latents], "posterior" [latents *
/// categories] of q(z_k|z_<k, x), "posterior_entropy" [latents] of the same in nats, "code_counts"
/// [latents * categories] of the likeliest codes, [batch, .., latents]. Of several positions those
/// of the first stand first.
std::map<std::string, Value> categorical_statistics(const CategoricalSamples& samples, Value codes,
                                                    const CategoricalLatent& latent, Value weights);

/// "kl_weight" and, where the estimator's samples have one, "temperature" of a step:
/// ModelEntry::schedule. The temperature goes geometrically from the first to the final one.
Scalars categorical_schedule(const CategoricalLatent& latent, std::int64_t step,
                             std::int64_t steps);

}  // namespace abax
