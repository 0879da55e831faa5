// Weights sample by sample, added up in the log domain.
#include "models/metrics/importance_bound.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/generation/shape_plans.h"
#include "models/registry.h"

namespace abax {
namespace {

/// log(exp(a) + exp(b)).
double log_add(double a, double b) {
  const double high = std::max(a, b), low = std::min(a, b);
  return std::isfinite(high) ? high + std::log1p(std::exp(low - high)) : high;
}

}  // namespace

double importance_bound(Variables& store, const ModelSettings& settings, Workers& workers,
                        const data::BatchSource& source, std::int64_t samples) {
  const Autoencoder& parts = settings.entry().autoencoder;
  if (!parts.log_weight)
    throw UsageError(str_cat(settings.name(), " has no likelihood of its own to bound by samples"));
  return importance_bound(store, workers, source, samples,
                          [&](Graph& graph, const BatchShape& shape) {
                            return parts.log_weight(graph, settings, shape);
                          });
}

double importance_bound(
    Variables& store, Workers& workers, const data::BatchSource& source, std::int64_t samples,
    const std::function<Value(Graph& graph, const BatchShape& shape)>& log_weight) {
  if (!log_weight)
    throw UsageError("a bound by samples needs a function of their weights, got none");
  if (samples < 1) throw UsageError(str_cat("a bound takes at least one sample, not ", samples));
  ShapePlans plans(store, workers, "importance");
  double sum = 0, count = 0;
  data::Batch batch;
  for (std::int64_t position = 0; position < source.batches(); ++position) {
    source.fill(position, batch);
    const BatchShape& shape = source.shapes()[static_cast<std::size_t>(batch.shape)];
    const auto build = [&](Graph& graph) {
      const Value weight = log_weight(graph, shape);
      if (!weight || weight.type() != TensorType{{shape.batch}, f32})
        throw UsageError(str_cat("importance_bound: expected log weights ",
                                 TensorType{{shape.batch}, f32}, ", got ",
                                 weight ? str_cat(weight.type()) : "an empty value"));
      return std::vector<Value>{weight};
    };
    auto& [graph, results, execution] = plans.of(named_tensors(batch.inputs), build);
    const auto counts = batch.input("weights").as<float>();
    std::vector<double> total(counts.size(), -std::numeric_limits<double>::infinity());
    for (std::int64_t sample = 0; sample < samples; ++sample) {
      execution->run();
      const auto weights = execution->get(results[0]).as<float>();
      for (std::size_t row = 0; row < total.size(); ++row)
        total[row] = log_add(total[row], double{weights[row]});
    }
    for (std::size_t row = 0; row < total.size(); ++row)
      if (counts[row] > 0) {
        sum += total[row] - std::log(static_cast<double>(samples));
        count += 1;
      }
  }
  return sum / count;
}

}  // namespace abax
