// What variational autoencoders share, whatever their items and latents are: the bound and its
// loss.
//
// With the evidence lower bound of an item x, E_q(z|x)[log p(x|z)] - KL(q(z|x), p(z)) (Kingma and
// Welling 2014, eq. 3), the loss is -(log p(x|z) - kl_weight KL) in nats an item; in an evaluation
// graph kl_weight is 1.
#pragma once

#include <cstdint>
#include <string>

#include "core/graph/graph.h"
#include "models/model.h"
#include "models/settings/fields.h"

namespace abax {

/// The weight of the KL in training: `beta`, to which it rises from 0 in `warmup` steps.
struct KlSchedule {
  double beta = 1;
  std::int64_t warmup = 0;
  /// Of a step, counted from 0. Throws UsageError on numbers below 0.
  float weight(std::int64_t step) const;
};
void fields(Fields& f, KlSchedule& s);

/// Declares the setting "latents": of an item, or of each of its positions.
Field& latents_field(Fields& f, std::int64_t& latents, std::string help);

// Both throw UsageError on empty values, ShapeError with the caller's place where the shapes are
// others: nothing is broadcast.
/// {the sum of values * weights, the sum of the weights} of f32 `values` and `weights` [batch].
Loss over_items(Operand values, Value weights);
/// The sum over the batch of values * weights, [rest..], of f32 `values` [batch, rest..] and
/// `weights` [batch].
Value sum_over_items(Operand values, Value weights);
/// The sum over all axes behind the first `lead` ones; x itself where there are none.
Value sum_after(Value x, int lead);

/// The evidence lower bound of each item, taken apart. All are [batch] in nats.
struct Bound {
  Value log_likelihood;  // log p(x|z), or its mean over several z
  Value kl;
  Value objective;  // whose sum training makes as large as it can: its value and its gradient
};
/// The weight of the KL: what a schedule says ("kl_weight"), 1 in an evaluation graph. Once a
/// graph.
Value kl_weight(Graph& graph);
/// With log_likelihood - weight kl for the objective. All are of one shape, but the weight may be
/// []. Throws UsageError on empty values, ShapeError on others with the caller's place.
Bound bound_of(Operand log_likelihood, Value kl, Value weight);

/// The model of a bound with metrics "reconstruction", "kl" and, where `is_bound` says that it is
/// one (relaxed samples make none), "elbo". `mean` are the reconstructed items,
/// `weights` [batch] what they count. Throws as over_items() does.
Model variational_model(const Bound& bound, Value mean, Value weights, bool is_bound = true,
                        SourceLocation where = SourceLocation::current());

}  // namespace abax
