// Over a batch in training, by moving averages after it.
#include "models/layers/batch_normalisation.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/sum.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

constexpr float averages_rate = 0.1f;  // of moving means and variances
constexpr float epsilon = 1e-5f;       // of a variance

/// A parameter that no gradient moves, so that it goes where the layers' parameters go.
Value moving_average(Graph& g, std::string_view name, std::int64_t size, const Initialiser& first,
                     SourceLocation where) {
  const Value average = g.parameter_without_decay(name, {size}, first, where);
  g.variable(average).frozen = true;
  return average;
}

}  // namespace

Value normalise_over_batch(Operand given, double deviation, Value weights, std::string_view what) {
  const Value x = given.value();
  Graph& g = x.graph();
  const std::int64_t size = x.shape().at(-1);
  const auto scope = g.scope("normalised");
  const Value shift = g.parameter_without_decay("shift", {size}, init::zeros(), given.where());
  const Value old_centre = moving_average(g, "mean", size, init::zeros(), given.where());
  const Value old_variance = moving_average(g, "variance", size, init::constant(1), given.where());
  Value centre = old_centre, variance = old_variance;
  if (g.training()) {
    if (!weights)
      throw UsageError(str_cat(what,
                               ": what is normalised over a batch wants the weights of its items",
                               g.location(given.where())));
    const Shape rows = x.shape().without(-1);
    if (weights.type() != TensorType{{rows.rank() > 0 ? rows[0] : 1}, f32})
      throw ShapeError(str_cat(what,
                               ": expected weights [batch] of values [batch, .., width], got ",
                               weights.type(), " of ", x.type(), g.location(given.where())));
    Shape leading = weights.shape();
    while (leading.rank() < rows.rank()) leading = leading.inserted(leading.rank(), 1);
    const Value w = reshape(broadcast_to(reshape(weights, leading), rows), {-1, 1});
    const Value all = reshape(x, {-1, size}), count = maximum(sum(w), 1);
    centre = sum(all * w, {0}) / count;
    variance = sum(square(all - centre) * w, {0}) / count;
    const Value unbiased = variance * (count / maximum(count - 1, 1));
    g.assign(old_centre, old_centre + averages_rate * (centre - old_centre));
    g.assign(old_variance, old_variance + averages_rate * (unbiased - old_variance));
  }
  return (x - centre) * (deviation * rsqrt(variance + epsilon)) + shift;
}

}  // namespace abax
