// Bounds, their weights and their loss.
#include "models/latents/variational.h"

#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/latents/together.h"
#include "models/layers/layers.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

bool fits(const KlSchedule& s) { return s.cycle == 0 || (s.warmup > 0 && s.warmup <= s.cycle); }

template <class Kind>
Field::Choice choice_of(Kind& kind) {
  return {.get = [&kind] { return static_cast<std::size_t>(kind); },
          .set = [&kind](std::size_t index) { kind = static_cast<Kind>(index); }};
}

std::string cycle_message(const KlSchedule& s) {
  return str_cat("a cycle of ", s.cycle,
                 " steps (kl-cycle) holds one rise of at least 1 step, not ", s.warmup,
                 " (kl-warmup)");
}

}  // namespace

void fields(Fields& f, KlSchedule& s) {
  f("beta", s.beta, "weight of the KL term").at_least(0);
  f("kl-warmup", s.warmup, "steps in which it rises from 0").at_least(0);
  f("kl-cycle", s.cycle, "steps after which it falls to 0 and rises anew; 0: one rise").at_least(0);
  f.require(fits(s), cycle_message(s));
}

void fields(Fields& f, KlCharge& c) {
  f("free-bits", c.free_bits,
    "nats of the KL, a mean over the batch, below which it costs nothing in training")
      .at_least(0);
  f("free-bits-per", choice_of(c.free_bits_per),
    "whether each latent has its free bits, or an item as a whole")
      .one_of({"latent", "item"});
  f("kl-of", choice_of(c.of),
    "what training charges: the KL of each item's posterior, or of their mean over the batch")
      .one_of({"posterior", "aggregate"});
  f.require(c.free_bits == 0 || c.of == KlCharge::Of::posterior,
            "free bits are of the posterior's KL; the aggregate's (kl-of) leaves what an item "
            "tells free anyway");
}

Field& latents_field(Fields& f, std::int64_t& latents, std::string help) {
  return f("latents", latents, std::move(help)).at_least(1).at_most(1 << 16);
}

float KlSchedule::weight(std::int64_t step) const {
  if (!(beta >= 0) || warmup < 0 || cycle < 0 || step < 0)
    throw UsageError(
        str_cat("a KL's weight is of a beta, a warm-up, a cycle and a step of 0 or more, not ",
                beta, ", ", warmup, ", ", cycle, " and ", step));
  if (!fits(*this)) throw UsageError(cycle_message(*this));
  if (cycle > 0) step %= cycle;
  const double rise =
      warmup > step ? static_cast<double>(step + 1) / static_cast<double>(warmup) : 1;
  return static_cast<float>(beta * rise);
}

namespace {

/// values [batch, rest..] f32, weights [batch] f32.
void check_items(std::string_view what, const Operand& given, Value weights) {
  const Value values = given.value();
  Graph& g = values.graph();
  g.require_own(weights, str_cat(what, ": the weights"), given.where());
  if (values.dtype() != f32 || weights.dtype() != f32 || weights.shape().rank() != 1 ||
      values.shape().rank() < 1 || values.shape()[0] != weights.shape()[0])
    throw ShapeError(
        str_cat(what, ": expected f32 values of items [batch, ..] and f32 weights [batch], got ",
                values.type(), " and ", weights.type(), g.location(given.where())));
}

}  // namespace

Loss over_items(Operand given, Value weights) {
  check_items("over_items", given, weights);
  check_one_shape("over_items", given, {{"weights", weights}});
  return {sum(given.value() * weights), sum(weights)};
}

Value sum_over_items(Operand given, Value weights) {
  check_items("sum_over_items", given, weights);
  const Value values = given.value();
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(values.shape().rank()), 1);
  sizes[0] = weights.shape()[0];
  return sum(values * reshape(weights, Shape(sizes)), {0});
}

Value sum_after(Value x, int lead) {
  const Shape& shape = x.shape();
  if (shape.rank() == lead) return x;
  std::vector<std::int64_t> sizes(shape.begin(), shape.begin() + lead);
  sizes.push_back(shape.size(lead, shape.rank()));
  return sum(shape.rank() > lead + 1 ? reshape(x, Shape(sizes)) : x, {-1});
}

Value kl_weight(Graph& g) { return scheduled(g, "kl_weight", 1); }

Bound bound_of(Operand given, Value kl, Value weight, Value charged) {
  check_one_shape("bound_of: the log-likelihood", given, {{"KL", kl}});
  if (!charged) charged = kl;
  check_one_shape("bound_of: the log-likelihood", given, {{"charged KL", charged}});
  check_together("bound_of", given, {{"weight", weight}});
  const Value log_likelihood = given.value();
  if (weight.shape().rank() > 0)
    check_one_shape("bound_of: the log-likelihood", given,
                    {{"weight, where it is not [],", weight}});
  return {log_likelihood, kl, log_likelihood - weight * charged};
}

bool charges_otherwise(const Graph& g, const KlCharge& c) { return g.training() && !c.is_usual(); }

Value with_free_bits(Operand given, Value weights, const KlCharge& c, int batch_axis) {
  Value kl = given.value();
  if (c.free_bits_per == KlCharge::Per::item) kl = sum_after(kl, batch_axis + 1);
  const Value of_items = batch_axis > 0 ? mean(kl, {0}) : kl;  // [batch, rest..]
  const Value total = sum_over_items({of_items, given.where()}, weights);
  const Value least = c.free_bits * maximum(sum(weights), 1e-30f);  // of as many items
  // What is below is a constant: no gradient pulls it further down.
  return sum_after(where(greater(total, least), kl, static_cast<float>(c.free_bits)),
                   batch_axis + 1);
}

Model variational_model(const Bound& bound, Value mean, Value weights, bool is_bound,
                        SourceLocation where) {
  Model model{
      .output = mean.graph().name(mean, "reconstruction"),
      .loss = over_items({-bound.objective, where}, weights),
      .metrics = {{"reconstruction", over_items({-bound.log_likelihood, where}, weights)},
                  {"kl", over_items({bound.kl, where}, weights)}},
  };
  if (is_bound)
    model.metrics["elbo"] = over_items({bound.log_likelihood - bound.kl, where}, weights);
  return model;
}

}  // namespace abax
