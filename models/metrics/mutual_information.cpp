// Every sample by every posterior, items side by side.
#include "models/metrics/mutual_information.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "models/generation/shape_plans.h"
#include "models/registry.h"

namespace abax {
namespace {

/// [items, latents] in double as [latents, items], so that inner loops go over items.
std::vector<double> by_latent(const Tensor& tensor) {
  const auto items = static_cast<std::size_t>(tensor.shape()[0]);
  const auto latents = static_cast<std::size_t>(tensor.shape()[1]);
  const auto values = tensor.as<float>();
  std::vector<double> result(values.size());
  for (std::size_t i = 0; i < items; ++i)
    for (std::size_t k = 0; k < latents; ++k) result[k * items + i] = values[i * latents + k];
  return result;
}

/// log of the mean of the exponentials.
double log_mean_exp(std::span<const double> values) {
  const double most = *std::ranges::max_element(values);
  double sum = 0;
  for (const double value : values) sum += std::exp(value - most);
  return most + std::log(sum / static_cast<double>(values.size()));
}

/// `chosen` of `rows` rows of [rows, size], evenly spaced.
Tensor spaced(const std::vector<float>& all, std::int64_t size, std::int64_t rows,
              std::int64_t chosen) {
  Tensor result({chosen, size});
  for (std::int64_t i = 0; i < chosen; ++i)
    std::copy_n(all.begin() + i * rows / chosen * size, size,
                result.as<float>().begin() + i * size);
  return result;
}

}  // namespace

GaussianPosteriors gaussian_posteriors(Variables& store, const ModelSettings& settings,
                                       Workers& workers, const data::BatchSource& source,
                                       std::int64_t most) {
  const Autoencoder& parts = settings.entry().autoencoder;
  if (!parts.posterior || parts.shape(settings).kinds > 0)
    throw UsageError(str_cat(settings.name(), " has no Gaussian latents"));
  ShapePlans plans(store, workers, "posterior");
  std::vector<float> all[2];  // [items, latents]
  std::int64_t count = 0;
  data::Batch batch;
  for (std::int64_t position = 0; position < source.batches(); ++position) {
    source.fill(position, batch);
    const BatchShape& shape = source.shapes()[static_cast<std::size_t>(batch.shape)];
    const auto build = [&](Graph& graph) {
      const auto [mean, log_variance] = parts.posterior(graph, settings, shape);
      return std::vector<Value>{mean, log_variance};
    };
    auto& [graph, results, execution] = plans.of(named_tensors(batch.inputs), build);
    execution->run();
    const auto weights = batch.input("weights").as<float>();
    for (std::size_t row = 0; row < weights.size(); ++row) {
      if (weights[row] <= 0) continue;
      ++count;
      for (const std::size_t i : {0, 1}) {
        const auto values = execution->get(results[i]).as<float>();
        const std::size_t latents = values.size() / weights.size();
        const auto first = values.subspan(row * latents, latents);
        all[i].insert(all[i].end(), first.begin(), first.end());
      }
    }
  }
  if (count == 0) throw UsageError("there is no item whose posterior could be taken");
  const std::int64_t chosen = std::min(count, most), latents = std::ssize(all[0]) / count;
  return {spaced(all[0], latents, count, chosen), spaced(all[1], latents, count, chosen)};
}

LatentInformation latent_information(const GaussianPosteriors& posteriors, std::uint64_t seed,
                                     Workers& workers) {
  const auto& [mean, log_variance] = posteriors;
  if (mean.type() != log_variance.type() || mean.dtype() != f32 || mean.shape().rank() != 2 ||
      mean.shape()[0] < 1)
    throw ShapeError(
        str_cat("latent_information: expected the means and the log variances of "
                "posteriors, f32[items, latents] each, got ",
                mean.type(), " and ", log_variance.type()));
  const auto items = static_cast<std::size_t>(mean.shape()[0]);
  const auto latents = static_cast<std::size_t>(mean.shape()[1]);
  const std::vector<double> means = by_latent(mean);  // [latents, items], as those below
  std::vector<double> precisions = by_latent(log_variance);
  // log q(z|x_j) = base_j - 1/2 sum over latents of precision (z - mean)^2, without what all have
  // of pi.
  std::vector<double> base(items);
  for (std::size_t k = 0; k < latents; ++k)
    for (std::size_t j = 0; j < items; ++j) {
      double& precision = precisions[k * items + j];
      base[j] -= 0.5 * precision;
      precision = std::exp(-precision);
    }
  std::vector<double> own(items), aggregate(items);  // log q of z_n
  const std::uint64_t key = stream_key(seed, "mutual information", "noise");
  const auto of_item = [&](std::int64_t item) {
    const auto n = static_cast<std::size_t>(item);
    Random random(key, static_cast<std::uint64_t>(item));
    std::vector<double> log_q = base;  // of z_n by each item, [items]
    for (std::size_t k = 0; k < latents; ++k) {
      const double* m = &means[k * items];
      const double* p = &precisions[k * items];
      const double z = m[n] + random.normal() / std::sqrt(p[n]);
      for (std::size_t j = 0; j < items; ++j) log_q[j] -= 0.5 * p[j] * (z - m[j]) * (z - m[j]);
    }
    own[n] = log_q[n];
    aggregate[n] = log_mean_exp(log_q);
  };
  workers.run([&] { workers.loop(static_cast<std::int64_t>(items), of_item); });
  LatentInformation sum;
  for (std::size_t n = 0; n < items; ++n) {
    sum.mutual_information += own[n] - aggregate[n];
    sum.aggregate_entropy -= aggregate[n];
  }
  const auto count = static_cast<double>(items);
  const double of_pi = 0.5 * static_cast<double>(latents) * std::log(2 * std::numbers::pi);
  return {sum.mutual_information / count, sum.aggregate_entropy / count + of_pi};
}

}  // namespace abax
