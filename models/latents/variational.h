// What variational autoencoders share, whatever their items and latents are: the bound and its
// loss.
//
// With the evidence lower bound of an item x, E_q(z|x)[log p(x|z)] - KL(q(z|x), p(z)) (Kingma and
// Welling 2014, eq. 3), the loss is -(log p(x|z) - kl_weight KL) in nats an item; in an evaluation
// graph kl_weight is 1.
//
// What keeps a strong decoder from ignoring its latent is here too, as far as it is a matter of the
// KL: its weight's course (KlSchedule) and what training charges in its place (KlCharge). Neither
// changes evaluation graphs, nor what the metric "kl" tells.
#pragma once

#include <cstdint>
#include <string>

#include "core/graph/graph.h"
#include "models/model.h"
#include "models/settings/fields.h"

namespace abax {

/// The weight of the KL in training: `beta`, to which it rises from 0 in `warmup` steps; once, or
/// anew every `cycle` steps (Fu et al. 2019, "Cyclical annealing schedule").
struct KlSchedule {
  double beta = 1;
  std::int64_t warmup = 0;
  std::int64_t cycle = 0;  // 0: one rise
  /// Of a step, counted from 0. Throws UsageError on numbers below 0 and on a cycle that is shorter
  /// than the rise.
  float weight(std::int64_t step) const;
};
void fields(Fields& f, KlSchedule& s);

/// What training charges in the place of the KL. All in nats.
struct KlCharge {
  enum class Per : std::uint8_t { latent, item };
  enum class Of : std::uint8_t { posterior, aggregate };
  /// So much costs nothing: max(free_bits, mean KL), the mean being that of the batch's items by
  /// their weights; of each latent on its own (latent: Kingma et al. 2016, eq. 15, whose lambda
  /// this is) or of all that an item has (item). The name is the literature's.
  double free_bits = 0;
  Per free_bits_per = Per::latent;
  /// KL(q(z|x), p(z)) of each item (posterior), or KL(q(z), p(z)) of the aggregate posterior, the
  /// mean of q(z|x) over the batch (aggregate: Zhao, Lee and Eskenazi 2018, "Unsupervised
  /// discrete sentence representation learning", batch prior regularisation), which leaves the
  /// mutual information of x and z uncharged: of a batch of n items at most log n nats an item, of
  /// categorical variables as much each. Since the KL is convex, the batch's is in the mean above
  /// that of all data.
  Of of = Of::posterior;
  /// Whether it is the KL as it is.
  bool is_usual() const { return free_bits == 0 && of == Of::posterior; }
};
void fields(Fields& f, KlCharge& c);

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
/// With log_likelihood - weight kl for the objective, or with `charged` in the place of kl where it
/// is not empty. All are of one shape, but the weight may be []. Throws UsageError on other empty
/// values, ShapeError on other shapes with the caller's place.
Bound bound_of(Operand log_likelihood, Value kl, Value weight, Value charged = {});

/// Whether the graph is one of training where the KL is not charged as it is.
bool charges_otherwise(const Graph& graph, const KlCharge& charge);
/// max(free bits, mean KL) of f32 `kl` [batch, rest..], or of samples [samples, batch, rest..]
/// where `batch_axis` is 1: what each item has of it, [batch] or [samples, batch], such that the
/// sum over items by `weights` [batch] is that of their weights times the maximum. A mean is taken
/// over samples, too. There is no gradient of a latent whose mean is below. Throws ShapeError where
/// the weights do not fit the batch, with the caller's place.
Value with_free_bits(Operand kl, Value weights, const KlCharge& charge, int batch_axis = 0);

/// The model of a bound with metrics "reconstruction", "kl" and, where `is_bound` says that it is
/// one (relaxed samples make none), "elbo". `mean` are the reconstructed items,
/// `weights` [batch] what they count. Throws as over_items() does.
Model variational_model(const Bound& bound, Value mean, Value weights, bool is_bound = true,
                        SourceLocation where = SourceLocation::current());

}  // namespace abax
