// The loop over a model's parameters, on either side of the seam.
#include "models/training/optimiser.h"

#include <algorithm>

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/gradients.h"
#include "models/settings/values.h"
#include "ops/elementwise.h"
#include "ops/update.h"

namespace abax {
namespace {

constexpr std::string_view sums_scope = "accumulated";
constexpr std::string_view averages_scope = "average";

/// One update of one parameter.
void update(const OptimiserConfig& c, Value parameter, Operand gradient,
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

/// What the graph assigns to the variable of that name; empty where nothing.
Value assigned(const Graph& g, std::string_view name) {
  const int index = g.store().find(name);
  for (const Assignment& assignment : g.assignments())
    if (assignment.variable == index) return assignment.value;
  return {};
}

/// Training changes variables, which an evaluation graph's readers do not expect.
void require_training(const Graph& g, std::string_view what, SourceLocation where) {
  if (!g.training())
    throw UsageError(str_cat(what, ": the graph '", g.label(),
                             "' evaluates and changes no parameter; take a Graph of Mode::train",
                             g.location(where)));
}

void require_some(const Gradients& gradients, std::string_view what, SourceLocation where) {
  if (gradients.parameters.empty() || gradients.parameters.size() != gradients.sums.size() ||
      !gradients.count)
    throw UsageError(str_cat(what,
                             ": expected a gradient for each of one parameter or more and "
                             "their count, as gradients_of() gives them, got ",
                             gradients.sums.size(), " for ", gradients.parameters.size(),
                             gradients.count ? "" : " without a count", "\n  at ",
                             place_of(where)));
}

std::string nearest_of(std::string_view name, std::span<const std::string> known) {
  const std::string nearest = nearest_name(name, known);
  return nearest.empty() ? "" : str_cat("; did you mean '", nearest, "'?");
}

[[noreturn]] void refuse_prefix(std::string_view prefix, const std::vector<std::string>& names,
                                std::string_view what, SourceLocation where) {
  throw UsageError(
      str_cat(what, " '", prefix, "'", nearest_of(prefix, names), "\n  at ", place_of(where)));
}

const Graph& graph_of(const Loss& loss, SourceLocation where) {
  if (!loss.sum || !loss.count)
    throw UsageError(str_cat("gradients_of: the loss has no ", loss.sum ? "count" : "sum",
                             "; make it as {sum(..), count}\n  at ", place_of(where)));
  return loss.sum.graph();
}

/// Those whose names begin with the prefix, or the others.
Gradients part_of(const Gradients& all, std::string_view prefix, bool wanted,
                  SourceLocation where) {
  Gradients part{.parameters = {}, .sums = {}, .count = all.count};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < all.parameters.size(); ++i) {
    const Value& parameter = all.parameters[i];
    names.push_back(parameter.graph().variable(parameter).name);
    if (names.back().starts_with(prefix) != wanted) continue;
    part.parameters.push_back(parameter);
    part.sums.push_back(all.sums[i]);
  }
  if (part.parameters.empty())
    refuse_prefix(prefix, names,
                  wanted ? "of these gradients no parameter's name begins with"
                         : "of these gradients every parameter's name begins with",
                  where);
  return part;
}

/// The moving average of one parameter; `step` [] counts from 1.
void average(Graph& g, double decay, Value parameter, Value step) {
  const auto scope = g.scope_at(std::string(averages_scope));
  const Value before = g.saved_state(g.variable(parameter).name, parameter.type(), init::zeros());
  const Value share = 1 - minimum((step - 1) / (step + 9), decay);  // []
  g.assign(before, before + share * (assigned(g, g.variable(parameter).name) - before));
}

/// The index of a parameter's average in the store, or -1.
int average_of(const Variables& store, const Variable& variable) {
  if (variable.role != Role::trainable) return -1;
  return store.find(str_cat(averages_scope, "/", variable.name));
}

/// Whether any optimiser has made an update.
bool updated(const Variables& store) {
  for (int i = 0; i < store.count(); ++i) {
    const Variable& variable = store[i];
    if (variable.role == Role::saved && variable.name.starts_with("optimiser/") &&
        variable.name.ends_with("/step") && variable.value().as<float>()[0] > 0)
      return true;
  }
  return false;
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

Gradients Gradients::of(std::string_view prefix, SourceLocation where) const {
  return part_of(*this, prefix, true, where);
}

Gradients Gradients::but(std::string_view prefix, SourceLocation where) const {
  return part_of(*this, prefix, false, where);
}

Gradients gradients_of(const Loss& loss, SourceLocation where) {
  const Graph& g = graph_of(loss, where);
  const std::vector<Value> parameters = g.parameters();
  if (parameters.empty())
    throw UsageError(
        str_cat("there is no parameter to train: the graph has none, or all are frozen",
                g.location(where)));
  return gradients_of(loss, parameters, where);
}

Gradients gradients_of(const Loss& loss, std::span<const Value> parameters, SourceLocation where) {
  const Graph& g = graph_of(loss, where);
  g.require_own(loss.count, "gradients_of: the loss's count", where);
  if (loss.count.type() != TensorType{Shape{}, f32})
    throw ShapeError(str_cat("gradients_of: a loss's count is one number, f32[], not ",
                             loss.count.type(), g.location(where)));
  for (const Value& parameter : parameters)
    if (const Variable& variable = g.variable(parameter, where);
        variable.role != Role::trainable || variable.frozen)
      throw UsageError(str_cat("gradients_of: '", variable.name, "' is ",
                               variable.frozen ? "frozen" : "no parameter but other state",
                               g.location(where)));
  const std::vector<Value> sums = gradients_where_reached(loss.sum, parameters, where);
  Gradients result{.parameters = {}, .sums = {}, .count = loss.count};
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (!sums[i]) continue;
    result.parameters.push_back(parameters[i]);
    result.sums.push_back(sums[i]);
  }
  if (result.parameters.empty())
    throw UsageError(str_cat("gradients_of: no path leads from any of ", parameters.size(),
                             " parameters to the loss", g.location(where)));
  return result;
}

std::vector<Value> parameters_of(const Graph& g, std::string_view prefix, SourceLocation where) {
  std::vector<Value> result;
  std::vector<std::string> names;
  for (const Value& parameter : g.parameters()) {
    names.push_back(g.variable(parameter).name);
    if (names.back().starts_with(prefix)) result.push_back(parameter);
  }
  if (result.empty())
    refuse_prefix(prefix, names, "the graph has no trainable parameter whose name begins with",
                  where);
  return result;
}

Value optimise(const OptimiserConfig& config, const Gradients& gradients, SourceLocation where) {
  called_from(where, [&] { check_settings(config, "optimise"); });
  require_some(gradients, "optimise", where);
  Graph& g = gradients.count.graph();
  require_training(g, "optimise", where);
  for (const Value& parameter : gradients.parameters)
    if (const Variable& variable = g.variable(parameter, where); assigned(g, variable.name))
      throw UsageError(str_cat("optimise: the graph updates '", variable.name,
                               "' already; each parameter has one optimiser", g.location(where)));
  const std::string prefix = config.group.empty() ? "" : config.group + "/";
  if (assigned(g, str_cat("optimiser/", prefix, "step")))
    throw UsageError(str_cat("optimise: the graph has an optimiser of the group '", config.group,
                             "' already; give this one another OptimiserConfig::group",
                             g.location(where)));
  const auto scope = g.scope_at("optimiser");
  const Value before = g.saved_state(prefix + "step", {Shape{}}, init::zeros(), where);
  const Value rate = g.input(prefix + "learning_rate", {}, f32, {}, where);
  const Value step = before + 1;
  g.assign(before, step);

  const Value count = maximum(gradients.count, 1);
  const auto is_apart = [&](const Value& parameter) {
    const std::string& name = g.variable(parameter).name;
    return std::ranges::any_of(config.apart,
                               [&](const std::string& prefix) { return name.starts_with(prefix); });
  };
  Value norm;  // []
  for (const bool apart : {false, true}) {
    std::vector<Value> parameters, sums;
    for (std::size_t i = 0; i < gradients.parameters.size(); ++i)
      if (is_apart(gradients.parameters[i]) == apart) {
        parameters.push_back(gradients.parameters[i]);
        sums.push_back(gradients.sums[i]);
      }
    if (parameters.empty()) continue;
    Value mean_norm, scale;  // []
    if (config.clip > 0) {
      // The limit is the mean gradient's; these are sums.
      const Clipping clipping = clip_by_global_norm(sums, count * config.clip);
      mean_norm = clipping.norm / count;
      scale = clipping.scale / count;
    } else {
      mean_norm = global_norm(sums) / count;
      scale = 1 / count;
    }
    if (!norm) norm = mean_norm;
    for (std::size_t i = 0; i < parameters.size(); ++i)
      update(config, parameters[i], {sums[i], where}, {rate, step, scale});
  }
  if (config.average > 0)
    for (const Value& parameter : gradients.parameters) average(g, config.average, parameter, step);
  return norm;
}

bool has_averages(const Variables& store) {
  for (int i = 0; i < store.count(); ++i)
    if (average_of(store, store[i]) >= 0) return true;
  return false;
}

void exchange_averages(Variables& store, SourceLocation where) {
  if (!has_averages(store))
    throw UsageError(
        str_cat("exchange_averages: no parameter has an average; train with "
                "OptimiserConfig::average, or ask has_averages() first\n  at ",
                place_of(where)));
  if (!updated(store)) return;
  for (int i = 0; i < store.count(); ++i) {
    const int other = average_of(store, store[i]);
    if (other < 0) continue;
    std::swap(store[i].write(), store[other].write());
  }
}

const Tensor& averaged_value(const Variables& store, const Variable& variable) {
  const int average = average_of(store, variable);
  return average >= 0 && updated(store) ? store[average].value() : variable.value();
}

AveragedParameters::AveragedParameters(Variables& store)
    : store_(has_averages(store) ? &store : nullptr) {
  if (store_) exchange_averages(*store_);
}

AveragedParameters::~AveragedParameters() {
  if (store_) exchange_averages(*store_);
}

void accumulate(const Gradients& gradients, SourceLocation where) {
  require_some(gradients, "accumulate", where);
  Graph& g = gradients.count.graph();
  require_training(g, "accumulate", where);
  if (assigned(g, str_cat(sums_scope, "/count")))
    throw UsageError(str_cat("accumulate: the graph accumulates already; sum its losses first",
                             g.location(where)));
  const auto scope = g.scope_at(std::string(sums_scope));
  const auto add = [&](std::string_view name, Value value) {
    const Value sum = g.saved_state(name, value.type(), init::zeros(), where);
    g.assign(sum, sum + value, where);
  };
  for (std::size_t i = 0; i < gradients.parameters.size(); ++i)
    add(g.variable(gradients.parameters[i]).name, gradients.sums[i]);
  add("count", gradients.count);
}

Gradients accumulated(Graph& g, SourceLocation where) {
  require_training(g, "accumulated", where);
  if (g.store().find(str_cat(sums_scope, "/count")) < 0)
    throw UsageError(
        str_cat("accumulated: nothing was summed on this store; build the graph that "
                "calls accumulate() first",
                g.location(where)));
  const auto take = [&](const std::string& name, TensorType type) {
    const auto scope = g.scope_at(std::string(sums_scope));
    const Value sum = g.saved_state(name, type, init::zeros(), where);
    g.assign(sum, g.constant(Tensor(type)), where);
    return sum;
  };
  Gradients result;
  for (int i = 0; i < g.store().count(); ++i) {
    const Variable& variable = g.store()[i];
    if (variable.role != Role::trainable || variable.frozen ||
        g.store().find(str_cat(sums_scope, "/", variable.name)) < 0)
      continue;
    result.parameters.push_back(
        g.parameter(variable.name, variable.value().shape(), init::zeros(), where));
    result.sums.push_back(take(variable.name, variable.value().type()));
  }
  result.count = take("count", {Shape{}});
  return result;
}

}  // namespace abax
