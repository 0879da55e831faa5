// Every item by its own codes and by another's.
#include "models/metrics/other_code_cost.h"

#include <numeric>
#include <vector>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "models/data/shuffle.h"
#include "models/generation/coder.h"
#include "models/generation/items.h"
#include "models/generation/shape_plans.h"
#include "models/registry.h"

namespace abax {
namespace {

/// For each of so many items the next one in a random circle.
std::vector<std::int64_t> others(std::int64_t items, std::uint64_t seed) {
  std::vector<std::int64_t> circle(static_cast<std::size_t>(items)), result(circle.size());
  std::iota(circle.begin(), circle.end(), 0);
  Random random(stream_key(seed, "other codes", "circle"));
  data::shuffle<std::int64_t>(circle, random);
  for (std::size_t i = 0; i < circle.size(); ++i)
    result[static_cast<std::size_t>(circle[i])] = circle[(i + 1) % circle.size()];
  return result;
}

}  // namespace

double other_code_cost(Variables& store, const ModelSettings& settings, Workers& workers,
                       const data::BatchSource& source) {
  const Autoencoder& parts = settings.entry().autoencoder;
  if (!parts.log_likelihood || !parts.encode)
    throw UsageError(str_cat(settings.name(), " has no likelihood of items given codes"));
  Coder coder(store, settings, workers);
  const Tensor codes =
      encode(coder, source, parts.sample_posterior ? Codes::sampled : Codes::likeliest).codes;
  const std::int64_t items = codes.shape()[0];
  if (items < 2)
    throw UsageError(str_cat("the codes of another item are asked for; there are ", items));
  const std::vector<std::int64_t> other = others(items, store.seed());
  const Range kinds = coder.dtype() == i32 ? values_in(0, coder.shape().kinds) : Range{};
  ShapePlans plans(store, workers, "other codes");
  double cost = 0;
  std::int64_t first = 0;  // item of the batch
  data::Batch batch;
  for (std::int64_t position = 0; position < source.batches(); ++position) {
    source.fill(position, batch);
    const BatchShape& shape = source.shapes()[static_cast<std::size_t>(batch.shape)];
    Tensor given({shape.batch, codes.shape()[1]}, codes.dtype());
    std::vector<NamedTensor> inputs = named_tensors(batch.inputs);
    inputs.emplace_back("codes", given);
    const auto build = [&](Graph& graph) {
      const Value of = graph.input("codes", given.shape(), given.dtype(), kinds);
      return std::vector<Value>{parts.log_likelihood(graph, settings, shape, of)};
    };
    auto& [graph, results, execution] = plans.of(inputs, build);
    const auto weights = batch.input("weights").as<float>();
    std::int64_t count = 0;
    for (const bool own : {true, false}) {
      count = 0;
      for (std::size_t row = 0; row < weights.size(); ++row) {
        if (weights[row] <= 0) continue;
        const std::int64_t item = first + count++;
        copy_items(codes.view(), own ? item : other[static_cast<std::size_t>(item)], 1, given,
                   static_cast<std::int64_t>(row));
      }
      execution->run();
      const auto log_likelihoods = execution->get(results[0]).as<float>();
      for (std::size_t row = 0; row < weights.size(); ++row)
        if (weights[row] > 0) cost += own ? log_likelihoods[row] : -double{log_likelihoods[row]};
    }
    first += count;
  }
  return cost / static_cast<double>(items);
}

}  // namespace abax
