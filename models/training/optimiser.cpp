// The loop over a model's parameters, on either side of the seam.
#include "models/training/optimiser.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/gradients.h"
#include "ops/elementwise.h"
#include "ops/update.h"

namespace abax {
namespace {

constexpr std::string_view sums_scope = "accumulated";
constexpr std::string_view averages_scope = "average";

/// One update of one parameter.
void update(const OptimiserConfig& c, Value parameter, Value gradient,
            const UpdateScalars& scalars) {
  const AdamOptions adam{c.beta1, c.beta2, c.epsilon, c.weight_decay};
  if (c.name == "sgd")
    update_sgd(parameter, gradient, scalars,
               {.momentum = c.momentum, .weight_decay = c.weight_decay});
  else if (c.name == "adam")
    update_adam(parameter, gradient, scalars, adam);
  else
    update_adamw(parameter, gradient, scalars, adam);
}

/// The value that a variable has after the run.
Value assigned(const Graph& g, Value variable) {
  const int index = g.store().find(g.variable(variable).name);
  for (const Assignment& assignment : g.assignments())
    if (assignment.variable == index) return assignment.value;
  throw UsageError(str_cat("the run does not assign ", g.variable(variable).name));
}

/// The moving average of one parameter; `step` [] counts from 1.
void average(Graph& g, double decay, Value parameter, Value step) {
  const auto scope = g.scope_at(std::string(averages_scope));
  const Value before = g.saved_state(g.variable(parameter).name, parameter.type(), init::zeros());
  const Value share = 1 - minimum((step - 1) / (step + 9), decay);  // []
  g.assign(before, before + share * (assigned(g, parameter) - before));
}

/// The index of a parameter's average in the store, or -1.
int average_of(const Variables& store, const Variable& variable) {
  if (variable.role != Role::trainable) return -1;
  return store.find(str_cat(averages_scope, "/", variable.name));
}

}  // namespace

const std::vector<std::string>& optimiser_names() {
  static const std::vector<std::string> names{"sgd", "adam", "adamw"};
  return names;
}

void fields(Fields& f, OptimiserConfig& c) {
  f("optimiser", c.name, "how gradients become updates")
      .one_of(optimiser_names())
      .alias("optimizer");
  f("clip", c.clip, "largest global norm of a gradient; 0: no limit").at_least(0).resumable();
  f("weight-decay", c.weight_decay, "pull of the weights towards 0 (not of biases)").at_least(0);
  if (c.name == "sgd") {
    f("momentum", c.momentum, "share of its last step that is kept").at_least(0).below(1);
  } else {
    f("beta1", c.beta1, "what the first moment keeps a step").at_least(0).below(1);
    f("beta2", c.beta2, "likewise the second").at_least(0).below(1);
  }
  f("average", c.average,
    "decay of a moving average of the weights, which then validates and generates; 0: none")
      .at_least(0)
      .below(1);
}

Gradients gradients_of(const Loss& loss) {
  Gradients result;
  result.parameters = loss.sum.graph().parameters();
  if (result.parameters.empty())
    throw UsageError("there is no parameter to train: the graph has none, or all are frozen");
  result.sums = gradients(loss.sum, result.parameters);
  result.count = loss.count;
  return result;
}

Value optimise(const OptimiserConfig& config, const Gradients& gradients) {
  if (std::ranges::find(optimiser_names(), config.name) == optimiser_names().end())
    throw UsageError(
        str_cat("there is no optimiser '", config.name, "'; known are sgd, adam, adamw"));
  Graph& g = gradients.count.graph();
  const auto scope = g.scope_at("optimiser");
  const Value rate = g.input("learning_rate", {});
  const Value before = g.saved_state("step", {Shape{}}, init::zeros());
  const Value step = before + 1;
  g.assign(before, step);

  const Value count = maximum(gradients.count, 1);
  Value norm, scale;  // []
  if (config.clip > 0) {
    // The limit is the mean gradient's; these are sums.
    const Clipping clipping = clip_by_global_norm(gradients.sums, count * config.clip);
    norm = clipping.norm / count;
    scale = clipping.scale / count;
  } else {
    norm = global_norm(gradients.sums) / count;
    scale = 1 / count;
  }
  for (std::size_t i = 0; i < gradients.parameters.size(); ++i)
    update(config, gradients.parameters[i], gradients.sums[i], {rate, step, scale});
  if (config.average > 0)
    for (const Value& parameter : gradients.parameters) average(g, config.average, parameter, step);
  return norm;
}

bool has_averages(const Variables& store) {
  for (int i = 0; i < store.count(); ++i)
    if (average_of(store, store[i]) >= 0) return true;
  return false;
}

void exchange_averages(Variables& store) {
  for (int i = 0; i < store.count(); ++i) {
    const int other = average_of(store, store[i]);
    if (other < 0) continue;
    std::swap(store[i].write(), store[other].write());
  }
}

void accumulate(const Gradients& gradients) {
  Graph& g = gradients.count.graph();
  const auto scope = g.scope_at(std::string(sums_scope));
  const auto add = [&](std::string_view name, Value value) {
    const Value sum = g.saved_state(name, value.type(), init::zeros());
    g.assign(sum, sum + value);
  };
  for (std::size_t i = 0; i < gradients.parameters.size(); ++i)
    add(g.variable(gradients.parameters[i]).name, gradients.sums[i]);
  add("count", gradients.count);
}

Gradients accumulated(Graph& g) {
  const auto take = [&](const std::string& name, TensorType type) {
    const auto scope = g.scope_at(std::string(sums_scope));
    const Value sum = g.saved_state(name, type, init::zeros());
    g.assign(sum, g.constant(Tensor(type)));
    return sum;
  };
  Gradients result;
  for (int i = 0; i < g.store().count(); ++i) {
    const Variable& variable = g.store()[i];
    if (variable.role != Role::trainable || variable.frozen ||
        g.store().find(str_cat(sums_scope, "/", variable.name)) < 0)
      continue;
    result.parameters.push_back(
        g.parameter(variable.name, variable.value().shape(), init::zeros()));
    result.sums.push_back(take(variable.name, variable.value().type()));
  }
  result.count = take("count", {Shape{}});
  return result;
}

}  // namespace abax
