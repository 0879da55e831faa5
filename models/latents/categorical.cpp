// Posterior, prior and bound of categorical latents, and the estimators' gradients for it.
#include "models/latents/categorical.h"

#include <cmath>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/sum.h"
#include "models/latents/estimators.h"
#include "models/latents/together.h"
#include "models/layers/layers.h"
#include "models/settings/values.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/normalise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// Whether the objective has each latent's KL as a term of its own.
bool has_own_kl(const std::string& estimator) {
  return estimator != "vimco" && estimator != "exact";
}

/// The sum over latents of KL(mean over the batch of q(z_k|x), p(z_k)), [].
Value aggregate_kl(const CategoricalSamples& s, Value weights) {
  const Value total = sum_over_items(softmax(s.drawn.logits), weights);  // [.., categories]
  // Its logarithms are logits of the mean: which sum the weights have is no matter.
  return sum(categorical_kl(log(maximum(total, 1e-30f)), s.p_logits));
}

bool takes_several(const std::string& estimator) {
  return estimator == "rloo" || estimator == "vimco";
}

/// [.., latents, categories] -> [.., latents * categories].
Value flat(Value z) {
  const Shape& shape = z.shape();
  return reshape(z,
                 shape.without(shape.axis(-1)).with(shape.rank() - 2, shape.at(-2) * shape.at(-1)));
}

/// x [samples, batch] as [samples, batch, 1, ..] of that rank.
Value with_rank(Value x, int rank) {
  if (x.shape().rank() == rank) return x;
  Shape shape = x.shape();
  while (shape.rank() < rank) shape = shape.inserted(shape.rank(), 1);
  return reshape(x, shape);
}

/// By an estimator, or hard without gradient where it is "".
CategoricalSamples draw_samples(const Conditionals& q, const Conditionals& p, std::int64_t count,
                                std::string_view estimator, Value temperature) {
  Graph& g = q.logits.graph();
  const Value noise = g.name(random_gumbel(g, q.logits.shape().inserted(0, count)), "noise");
  CategoricalSamples s;
  s.drawn = draw(q, noise, [&](Value logits, Value part) {
    return estimator.empty() ? hard_sample(logits, part)
                             : sampled(estimator, logits, part, temperature);
  });
  s.p_logits = logits_given(p, s.drawn.z);
  // Of independent variables the KL is the same for all samples.
  const Shape& each = s.drawn.z.shape();
  s.kl = broadcast_to(categorical_kl(s.drawn.logits, s.p_logits), each.without(each.axis(-1)));
  return s;
}

CategoricalSamples all_samples(const Conditionals& q, const Conditionals& p,
                               const CategoricalLatent& c) {
  if (q.logits.shape().rank() != 3)
    throw UsageError("the exact gradient is of items with one position; take another estimator");
  const Value states = all_states(q.logits.graph(), c.latents, c.categories);
  const std::int64_t count = states.shape()[0], batch = q.logits.shape()[0];
  CategoricalSamples s;
  s.drawn.z = reshape(states, {count, 1, c.latents, c.categories});
  s.drawn.logits = logits_given(q, s.drawn.z);  // [states or none, batch, latents, categories]
  s.probability = exp(log_probability(s.drawn.logits, s.drawn.z));
  s.p_logits = logits_given(p, s.drawn.z);
  const Value kl = sum(categorical_kl(s.drawn.logits, s.p_logits), {-1});
  s.kl = reshape(broadcast_to(kl, {count, batch}), {count, batch, 1});
  return s;
}

}  // namespace

void fields(Fields& f, CategoricalLatent& l) {
  latents_field(f, l.latents, "categorical variables");
  f("categories", l.categories, "values of each").at_least(2).at_most(1 << 16);
  f("estimator", l.estimator, "of the gradient through samples").one_of(estimator_names());
  if (l.estimator != "exact") {
    f("samples", l.samples, "of the posterior an item; rloo and vimco take several").at_least(1);
    f.require(l.samples > 1 || !takes_several(l.estimator),
              str_cat("the estimator ", l.estimator, " needs two samples or more: samples 2"));
  }
  if (is_pathwise(l.estimator)) {
    f("temperature", l.temperature, "of relaxed samples, at the first step").above(0);
    f("final-temperature", l.final_temperature, "at the last step; 0: 0.5, or 1 of reinmax")
        .at_least(0);
  }
  f("prior", l.prior, "of the variables").one_of({"uniform", "learned", "autoregressive"});
  f("posterior", l.posterior, "of the variables").one_of({"independent", "autoregressive"});
  f.part(l.kl);
  if (has_own_kl(l.estimator)) f.part(l.charge);
  f.require(
      l.charge.is_usual() || has_own_kl(l.estimator),
      str_cat(
          "the objective of ", l.estimator,
          " has no KL of its own, for free bits or an aggregate (kl-of); take another estimator"));
  f.require(l.charge.of == KlCharge::Of::posterior || !has_conditionals(l),
            "the KL of an aggregate (kl-of) is of independent variables: prior uniform or learned, "
            "posterior independent");
}

bool has_conditionals(const CategoricalLatent& c) {
  return c.prior == "autoregressive" || c.posterior == "autoregressive";
}

Conditionals categorical_posterior(Value features, const CategoricalLatent& c, std::int64_t width) {
  check_settings(c, "categorical latents");
  const auto scope = features.graph().scope("encoder");
  const Shape& rows = features.shape();
  const Value logits =
      reshape(linear(features, c.latents * c.categories, "logits"),
              rows.with(rows.axis(-1), c.latents).inserted(rows.rank(), c.categories));
  if (c.posterior == "independent" || c.latents < 2) return {.logits = logits};
  return conditional(logits, linear(features, width, "conditional/hidden"), c.categories);
}

Conditionals categorical_prior(Graph& g, const CategoricalLatent& c, std::int64_t width) {
  check_settings(c, "categorical latents");
  const Shape shape{c.latents, c.categories};
  if (c.prior == "uniform") return {.logits = g.constant(Tensor(shape))};
  const auto scope = g.scope("prior");
  const Value logits = g.parameter_without_decay("logits", shape, init::zeros());
  if (c.prior == "learned" || c.latents < 2) return {.logits = logits};
  return conditional(logits,
                     g.parameter_without_decay("conditional/hidden", {width}, init::zeros()),
                     c.categories);
}

Value likeliest_codes(const Conditionals& d) { return argmax(draw(d, {}, hard_sample).z, -1); }

Value drawn_codes(const Conditionals& d, const Shape& rows) {
  const Shape& logits = d.logits.shape();
  const Value noise = random_gumbel(
      d.logits.graph(),
      rows.inserted(rows.rank(), logits.at(-2)).inserted(rows.rank() + 1, logits.at(-1)));
  return argmax(draw(d, noise, hard_sample).z, -1);
}

Value code_vectors(Operand given, const CategoricalLatent& c) {
  const Value codes = given.value();
  if (codes.shape().rank() < 1 || codes.shape().at(-1) != c.latents)
    throw ShapeError(str_cat("code_vectors: expected codes [.., ", c.latents,
                             "], one of each latent, got ", codes.type(),
                             codes.graph().location(given.where())));
  return flat(one_hot(codes, c.categories));
}

Value CategoricalSamples::vectors() const { return flat(drawn.z); }
Value CategoricalSamples::log_q() const {
  return sum_after(log_probability(drawn.logits, drawn.z), 2);
}
Value CategoricalSamples::log_p() const { return sum_after(log_probability(p_logits, drawn.z), 2); }

Value CategoricalSamples::mean_of(Value x) const {
  if (!probability) return mean(x, {0});
  return sum(with_rank(probability, x.shape().rank()) * x, {0});
}

CategoricalSamples categorical_samples(const Conditionals& q, const Conditionals& p,
                                       const CategoricalLatent& c) {
  Graph& g = q.logits.graph();
  if (!g.training()) return hard_sample_of(q, p);
  if (c.estimator == "exact") return all_samples(q, p, c);
  return draw_samples(q, p, c.samples, c.estimator, scheduled(g, "temperature", 1));
}

CategoricalSamples hard_sample_of(const Conditionals& q, const Conditionals& p) {
  return draw_samples(q, p, 1, "", {});
}

Bound categorical_bound(const CategoricalSamples& s, const CategoricalLatent& c, Operand given,
                        Value weight, Value items, Value weights) {
  check_estimator(c.estimator, given.where());
  const Value kl = sum_after(s.kl, 2);  // [samples, batch]
  check_one_shape("categorical_bound: log p(x|z) [samples, batch]", given, {{"KL", kl}});
  const Value log_likelihood = given.value();
  const bool training = kl.graph().training();
  if (s.probability) return bound_of(s.mean_of(log_likelihood), s.mean_of(kl), weight);
  Value charged;
  if (charges_otherwise(kl.graph(), c.charge))
    charged = c.charge.of == KlCharge::Of::aggregate
                  ? broadcast_to(aggregate_kl(s, weights), kl.shape())
                  : with_free_bits(s.kl, weights, c.charge, /*batch_axis=*/1);
  const Bound each = bound_of({log_likelihood, given.where()}, kl, weight, charged);
  Bound bound{s.mean_of(each.log_likelihood), s.mean_of(each.kl), {}};
  // An evaluation takes a hard sample as it is.
  const std::string estimator = training ? c.estimator : "";
  if (estimator == "vimco") {
    const Value log_q = s.log_q();
    const Value ratio = weight * (s.log_p() - log_q);
    bound.objective = multi_sample_bound(log_likelihood + ratio, log_q);
  } else if (estimator == "rloo") {
    bound.objective = s.mean_of(leave_one_out(each.objective, s.log_q()));
  } else if (estimator == "nvil") {
    const LearnedBaseline baseline = learned_baseline(reshape(items, {items.shape()[0], -1}),
                                                      each.objective, weights, "baseline");
    const Value scored = with_score(each.objective, s.log_q(), baseline.prediction);
    bound.objective = s.mean_of(scored) - baseline.loss;
  } else {
    bound.objective = s.mean_of(each.objective);
  }
  return bound;
}

bool makes_bound(const Graph& g, const CategoricalLatent& c) {
  return !g.training() || !is_relaxed(c.estimator);
}

std::map<std::string, Value> categorical_statistics(const CategoricalSamples& s, Value codes,
                                                    const CategoricalLatent& c, Value weights) {
  const auto summed = [&](Value x) {
    const Value total = sum_over_items(x, weights);
    return reshape(total, {total.shape().size()});
  };
  const Value posterior = broadcast_to(softmax(s.drawn.logits), s.drawn.z.shape());
  // The entropy is what the uniform distribution has more.
  const Value uniform = codes.graph().constant(Tensor({c.latents, c.categories}));
  const Value entropy = broadcast_to(
      std::log(static_cast<float>(c.categories)) - categorical_kl(s.drawn.logits, uniform),
      s.kl.shape());
  return {{"kl_per_latent", summed(s.mean_of(s.kl))},
          {"posterior", summed(s.mean_of(posterior))},
          {"posterior_entropy", summed(s.mean_of(entropy))},
          {"code_counts", summed(one_hot(codes, c.categories))}};
}

Scalars categorical_schedule(const CategoricalLatent& c, std::int64_t step, std::int64_t steps) {
  check_settings(c, "categorical latents");
  Scalars scalars{{"kl_weight", c.kl.weight(step)}};
  const double done =
      steps > 1 ? static_cast<double>(step) / static_cast<double>(steps - 1) : 1;  // of the run
  if (is_pathwise(c.estimator)) {
    const double usual = c.estimator == "reinmax" ? 1 : 0.5;
    const double final_temperature = c.final_temperature > 0 ? c.final_temperature : usual;
    scalars["temperature"] =
        static_cast<float>(c.temperature * std::pow(final_temperature / c.temperature, done));
  }
  return scalars;
}

}  // namespace abax
