// Vectors to quantise, and the loss of what came of them.
#include "models/latents/quantised.h"

#include <algorithm>
#include <vector>

#include "core/graph/sum.h"
#include "models/latents/categorical.h"
#include "models/latents/variational.h"
#include "models/layers/layers.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

constexpr float counts_decay = 0.999f;

/// How often each code came at each position, [positions * kinds], of codes [batch, positions].
Value counts_by_position(Value codes, Value weights, std::int64_t kinds) {
  const std::int64_t positions = codes.shape()[1];
  Tensor first({positions}, i32);  // the rows of the result where a position begins
  for (std::int64_t i = 0; i < positions; ++i)
    first.as<std::int32_t>()[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i * kinds);
  const Value rows = codes + codes.graph().constant(std::move(first));  // [batch, positions]
  const Value each = broadcast_to(reshape(weights, {-1, 1}), codes.shape());
  return scatter_add(reshape(each, {-1}), reshape(rows, {-1}), positions * kinds);
}

/// The average of these, a parameter so that it goes where the codebooks go.
Value average_counts(Graph& g, std::int64_t positions, std::int64_t kinds) {
  const auto scope = g.scope_at("prior");
  const Value counts = g.parameter_without_decay("counts", {positions, kinds}, init::zeros());
  g.variable(counts).frozen = true;
  return counts;
}

}  // namespace

std::int64_t dense_positions(std::int64_t units, const Quantiser& c) {
  return std::max<std::int64_t>(1, units / std::max<std::int64_t>(1, c.code_width));
}

Value vectors_to_quantise(Value features, std::int64_t positions, const Quantiser& c) {
  const std::int64_t width = quantised_width(c);
  if (features.shape().rank() > 2) return linear(features, width, "code");
  return reshape(linear(features, positions * width, "code"),
                 {features.shape()[0], positions, width});
}

Value position_weights(Value weights, Value z) {
  const Shape rows = z.shape().without(-1);
  Shape first{rows[0]};
  while (first.rank() < rows.rank()) first = first.inserted(first.rank(), 1);
  return broadcast_to(reshape(weights, first), rows);
}

Value uniform_codes(Graph& g, std::int64_t batch, std::int64_t count, std::int64_t kinds) {
  return cast(random_uniform(g, {batch, count}, 0, static_cast<float>(kinds)), i32);
}

void count_in_training(Value codes, Value weights, std::int64_t kinds) {
  Graph& g = codes.graph();
  if (!g.training()) return;
  const Value average = average_counts(g, codes.shape()[1], kinds);
  const Value now = reshape(counts_by_position(codes, weights, kinds), average.shape());
  g.assign(average, counts_decay * average + (1 - counts_decay) * now);
}

Value frequent_codes(Graph& g, std::int64_t batch, std::int64_t positions, std::int64_t kinds) {
  // Logs whose differences are far beyond the noise's range where a code never came.
  const Value logits = log(maximum(average_counts(g, positions, kinds), 1e-30f));
  return drawn_codes({.logits = logits}, {batch});
}

Loss mean_over_item(Value terms, Value weights) {
  const Value flat = reshape(terms, {weights.shape()[0], -1});
  return over_items(mean(flat, {-1}), weights);
}

Model quantised_model(Value distortion, Value mean, Value weights,
                      std::span<const Quantised> levels, const Quantiser& c) {
  Graph& g = mean.graph();
  const Loss reconstruction = mean_over_item(distortion, weights);
  Value loss = reconstruction.sum, commitment, perplexity;
  std::vector<Value> counts, codes;
  for (const Quantised& level : levels) {
    const Value committed = mean_over_item(level.commitment, weights).sum;
    commitment = commitment ? commitment + committed : committed;
    loss = loss + mean_over_item(level.loss, weights).sum;
    counts.push_back(level.counts);
    codes.push_back(reshape(level.codes, {weights.shape()[0], -1}));
    const Value each = code_perplexity(level.counts, codebooks(c));
    perplexity = perplexity ? perplexity + each : each;
  }
  const Value all = g.name(levels.size() > 1 ? concat(codes, 1) : codes.front(), "codes");
  const Value count = reconstruction.count;
  Model model{.output = g.name(mean, "reconstruction"),
              .loss = {loss, count},
              .metrics = {{"reconstruction", reconstruction}, {"commitment", {commitment, count}}}};
  if (g.training())
    model.metrics["code_perplexity"] = {perplexity, g.constant(static_cast<float>(levels.size()))};
  else
    model.statistics = {{"code_counts", levels.size() > 1 ? concat(counts, 0) : counts.front()},
                        {"posterior", counts_by_position(all, weights, code_kinds(c))}};
  return model;
}

}  // namespace abax
