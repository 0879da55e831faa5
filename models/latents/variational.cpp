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

void fields(Fields& f, KlSchedule& s) {
  f("beta", s.beta, "weight of the KL term").at_least(0);
  f("kl-warmup", s.warmup, "steps in which it rises from 0").at_least(0);
}

Field& latents_field(Fields& f, std::int64_t& latents, std::string help) {
  return f("latents", latents, std::move(help)).at_least(1).at_most(1 << 16);
}

float KlSchedule::weight(std::int64_t step) const {
  if (!(beta >= 0) || warmup < 0 || step < 0)
    throw UsageError(str_cat("a KL's weight is of a beta, a warm-up and a step of 0 or more, not ",
                             beta, ", ", warmup, " and ", step));
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

Bound bound_of(Operand given, Value kl, Value weight) {
  check_one_shape("bound_of: the log-likelihood", given, {{"KL", kl}});
  check_together("bound_of", given, {{"weight", weight}});
  const Value log_likelihood = given.value();
  if (weight.shape().rank() > 0)
    check_one_shape("bound_of: the log-likelihood", given,
                    {{"weight, where it is not [],", weight}});
  return {log_likelihood, kl, log_likelihood - weight * kl};
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
