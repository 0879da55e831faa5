// Samples with gradients, and terms that bring gradients to samples without.
#include "models/latents/estimators.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/gradients.h"
#include "models/latents/together.h"
#include "models/layers/layers.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/normalise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

constexpr std::int64_t most_states = 1024;
constexpr std::int64_t baseline_units = 100;
constexpr float centre_rate = 0.2f;  // 1 - the alpha of Mnih and Gregor 2014, algorithm 1

/// 0, with the gradient of x.
Value gradient_alone(Value x) { return x - stop_gradient(x); }

void check_samples(std::string_view name, const Operand& f) {
  if (f.value().shape().rank() < 1 || f.value().shape()[0] < 2)
    throw UsageError(str_cat(name, " needs two samples or more, f is ", f.value().shape(),
                             f.value().graph().location(f.where())));
}

/// logits [.., categories], with noise where some is needed.
void check_logits(std::string_view what, const Operand& logits, Value noise) {
  check_together(what, logits, {{"noise", noise}});
  if (logits.value().shape().rank() < 1)
    throw ShapeError(str_cat(what, ": expected logits [.., categories], got ",
                             logits.value().type(),
                             logits.value().graph().location(logits.where())));
}

void check_temperature(std::string_view what, const Operand& logits, Value temperature) {
  check_together(what, logits, {{"temperature", temperature}});
}

}  // namespace

const std::vector<std::string>& estimator_names() {
  static const std::vector<std::string> names{
      "gumbel", "straight-through", "reinmax", "nvil", "rloo", "vimco", "exact"};
  return names;
}

void check_estimator(std::string_view name, SourceLocation where) {
  if (std::ranges::find(estimator_names(), name) != estimator_names().end()) return;
  std::string known;
  for (const std::string& other : estimator_names()) known += (known.empty() ? "" : ", ") + other;
  const std::string nearest = nearest_name(name, estimator_names());
  throw UsageError(str_cat("there is no estimator '", name, "'; known are ", known,
                           nearest.empty() ? "" : str_cat("; did you mean '", nearest, "'?"),
                           "\n  at ", place_of(where)));
}

bool is_relaxed(std::string_view estimator, SourceLocation where) {
  check_estimator(estimator, where);
  return estimator == "gumbel";
}

bool is_pathwise(std::string_view estimator, SourceLocation where) {
  check_estimator(estimator, where);
  return estimator == "gumbel" || estimator == "straight-through" || estimator == "reinmax";
}

Value hard_sample(Operand given, Value noise) {
  const Value logits = given.value();
  if (noise) check_logits("hard_sample", given, noise);
  const Value scores = noise ? logits + noise : logits;
  return one_hot(argmax({scores, given.where()}, -1), logits.shape().at(-1));
}

Value relaxed_sample(Operand given, Value noise, Value temperature) {
  check_logits("relaxed_sample", given, noise);
  check_temperature("relaxed_sample", given, temperature);
  return softmax((given.value() + noise) / temperature);
}

Value straight_through_sample(Operand logits, Value noise, Value temperature) {
  check_logits("straight_through_sample", logits, noise);
  return hard_sample(logits, noise) + gradient_alone(relaxed_sample(logits, noise, temperature));
}

Value reinmax_sample(Operand given, Value noise, Value temperature) {
  check_logits("reinmax_sample", given, noise);
  check_temperature("reinmax_sample", given, temperature);
  const Value logits = given.value();
  const Value hard = hard_sample(given, noise);
  const Value between = 0.5 * (hard + softmax(logits / temperature));
  // softmax(logits'), whose value is `between` and whose gradient is a softmax's there. Where the
  // relaxed part underflows the logarithm is cut: such an element has no gradient to speak of.
  const Value shift = stop_gradient(log(maximum(between, 1e-30f)) - logits);
  return hard + gradient_alone(2 * softmax(logits + shift) - 0.5 * softmax(logits));
}

Value sampled(std::string_view estimator, Operand logits, Value noise, Value temperature) {
  check_estimator(estimator, logits.where());
  check_logits(str_cat("sampled(\"", estimator, "\")"), logits, noise);
  if (estimator == "gumbel") return relaxed_sample(logits, noise, temperature);
  if (estimator == "straight-through") return straight_through_sample(logits, noise, temperature);
  if (estimator == "reinmax") return reinmax_sample(logits, noise, temperature);
  return hard_sample(logits, noise);
}

Value with_score(Operand given, Value log_q, Value baseline) {
  check_together("with_score", given, {{"log_q", log_q}, {"baseline", baseline}});
  const Value f = given.value();
  return f + gradient_alone(stop_gradient(f - baseline) * log_q);
}

Value leave_one_out(Operand given, Value log_q) {
  check_samples("leave_one_out", given);
  check_together("leave_one_out", given, {{"log_q", log_q}});
  const Value f = given.value();
  // f less the mean of the others, which is exactly 0 where all samples have one f.
  const auto samples = static_cast<float>(f.shape()[0]);
  const Value signal = (f - mean(f, {0}, Keep::axes)) * (samples / (samples - 1));
  return f + gradient_alone(stop_gradient(signal) * log_q);
}

Value multi_sample_bound(Operand given, Value log_q) {
  check_samples("multi_sample_bound", given);
  check_together("multi_sample_bound", given, {{"log_q", log_q}});
  const Value log_weight = given.value();
  Graph& g = log_weight.graph();
  const std::int64_t samples = log_weight.shape()[0];
  const float log_samples = std::log(static_cast<float>(samples));
  // What all samples have in common is left out at first: it is far more than what tells them
  // apart.
  const Value common = stop_gradient(mean(log_weight, {0}, Keep::axes));
  const Value relative = log_weight - common;
  const Value bound = logsumexp(relative, {0}) - log_samples;  // [..]
  // The bound with sample i's weight replaced by the geometric mean of the others', [samples, ..].
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(log_weight.shape().rank()) + 1, 1);
  sizes[0] = sizes[1] = samples;
  Tensor diagonal({samples, samples}, u8);
  for (std::int64_t i = 0; i < samples; ++i)
    diagonal.as<std::uint8_t>()[static_cast<std::size_t>(i * samples + i)] = 1;
  const Value mine = reshape(g.constant(std::move(diagonal)), Shape(sizes));
  const Value others =
      (sum(relative, {0}, Keep::axes) - relative) / static_cast<float>(samples - 1);
  const Value replaced = where(mine, reshape(others, others.shape().inserted(1, 1)), relative);
  const Value baseline = logsumexp(replaced, {1}) - log_samples;
  return reshape(common, bound.shape()) + bound +
         sum(gradient_alone(stop_gradient(bound - baseline) * log_q), {0});
}

LearnedBaseline learned_baseline(Operand given, Value f, Value weights, std::string_view name) {
  const Value input = given.value();
  Graph& g = input.graph();
  g.require_own(f, "learned_baseline: f", given.where());
  g.require_own(weights, "learned_baseline: the weights", given.where());
  if (input.shape().rank() != 2 || f.shape().rank() != 2 || weights.shape().rank() != 1 ||
      f.shape()[1] != input.shape()[0] || weights.shape()[0] != input.shape()[0])
    throw ShapeError(
        str_cat("learned_baseline: expected input [batch, size], f [samples, batch] and "
                "weights [batch], got ",
                input.type(), ", ", f.type(), " and ", weights.type(), g.location(given.where())));
  const auto scope = g.scope(name);
  const Value hidden = tanh(linear(stop_gradient(input), baseline_units, "hidden"));
  const Value network = reshape(linear(hidden, 1, "output"), weights.shape());  // [batch]
  const Value centre = g.saved_state("centre", {{}, f32}, init::zeros());
  const Value target = stop_gradient(mean(f, {0}));
  const Value error = target - stop_gradient(centre) - network;
  const Value mean_error = sum(error * weights) / maximum(sum(weights), 1);
  g.assign(centre, centre + centre_rate * stop_gradient(mean_error));
  return {stop_gradient(network + centre), gradient_alone(square(error))};
}

Value all_states(Graph& g, std::int64_t latents, std::int64_t categories, SourceLocation where) {
  if (latents < 1 || categories < 1)
    throw UsageError(str_cat("states are of at least one latent of one category, not ", latents,
                             " of ", categories, g.location(where)));
  std::int64_t states = 1;
  for (std::int64_t k = 0; k < latents && states <= most_states; ++k) states *= categories;
  if (states > most_states)
    throw UsageError(str_cat("the exact gradient sums over all states of the latents, at most ",
                             most_states, ": ", latents, " latents of ", categories,
                             " categories have more; take the estimator rloo or nvil",
                             g.location(where)));
  Tensor codes({states, latents}, i32);
  for (std::int64_t state = 0; state < states; ++state)
    for (std::int64_t k = latents - 1, rest = state; k >= 0; --k, rest /= categories)
      codes.as<std::int32_t>()[static_cast<std::size_t>(state * latents + k)] =
          static_cast<std::int32_t>(rest % categories);
  return one_hot(g.constant(std::move(codes)), categories);
}

}  // namespace abax
