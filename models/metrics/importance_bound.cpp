// Weights sample by sample, added up in the log domain.
#include "models/metrics/importance_bound.h"

#include <cmath>
#include <limits>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/plan/execution.h"
#include "models/registry.h"

namespace abax {
namespace {

constexpr const char* label = "importance";

/// log(exp(a) + exp(b)).
double log_add(double a, double b) {
  const double high = std::max(a, b), low = std::min(a, b);
  return std::isfinite(high) ? high + std::log1p(std::exp(low - high)) : high;
}

}  // namespace

double importance_bound(Variables& store, const std::string& name, const ModelConfig& config,
                        Workers& workers, const data::BatchSource& source, std::int64_t samples) {
  const Autoencoder& parts = model(name).autoencoder;
  if (!parts.log_weight)
    throw UsageError(text(name, " has no likelihood of its own to bound by samples"));
  if (samples < 1) throw UsageError(text("a bound takes at least one sample, not ", samples));
  const std::int64_t batch_size = source.shapes()[0].batch;
  store.runs(label) = 0;  // the same draws, whatever was done before
  Graph graph(store, Mode::evaluate, label);
  const Value images = graph.input(
      "images", {batch_size, config.image_height, config.image_width, config.image_channels});
  const Value weight = parts.log_weight(graph, config, images);  // [batch]
  Execution execution(compile(graph, {weight}), store, workers);
  double sum = 0, count = 0;
  data::Batch batch;
  for (std::int64_t position = 0; position < source.batches(); ++position) {
    source.fill(position, batch);
    execution.set("images", batch.input("images"));
    std::vector<double> total(static_cast<std::size_t>(batch_size),
                              -std::numeric_limits<double>::infinity());
    for (std::int64_t sample = 0; sample < samples; ++sample) {
      execution.run();
      const auto weights = execution.get(weight).as<float>();
      for (std::size_t row = 0; row < total.size(); ++row)
        total[row] = log_add(total[row], weights[row]);
    }
    const auto counts = batch.input("weights").as<float>();
    for (std::size_t row = 0; row < total.size(); ++row)
      if (counts[row] > 0) {
        sum += total[row] - std::log(static_cast<double>(samples));
        count += 1;
      }
  }
  return sum / count;
}

}  // namespace abax
