// Bounds, their weights and their loss.
#include "models/latents/variational.h"

#include <utility>
#include <vector>

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
  const double rise =
      warmup > step ? static_cast<double>(step + 1) / static_cast<double>(warmup) : 1;
  return static_cast<float>(beta * rise);
}

Loss over_items(Value values, Value weights) { return {sum(values * weights), sum(weights)}; }

Value sum_over_items(Value values, Value weights) {
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

Bound bound_of(Value log_likelihood, Value kl, Value weight) {
  return {log_likelihood, kl, log_likelihood - weight * kl};
}

Model variational_model(const Bound& bound, Value mean, Value weights, bool is_bound) {
  Model model{
      .output = mean.graph().name(mean, "reconstruction"),
      .loss = over_items(-bound.objective, weights),
      .metrics = {{"reconstruction", over_items(-bound.log_likelihood, weights)},
                  {"kl", over_items(bound.kl, weights)}},
  };
  if (is_bound) model.metrics["elbo"] = over_items(bound.log_likelihood - bound.kl, weights);
  return model;
}

}  // namespace abax
