// Perplexity, usage, entropies and active units from sums over a pass.
#include "models/metrics/code_metrics.h"

#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

/// In nats, of frequencies that need not sum to 1; 0 of none.
double entropy(std::span<const double> counts) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  double result = 0;
  for (const double count : counts)
    if (count > 0) result -= count / total * std::log(count / total);
  return result;
}

/// The statistic cut into pieces of `size`, one a codebook or latent.
std::vector<std::span<const double>> pieces(const std::vector<double>& sums, std::int64_t size) {
  std::vector<std::span<const double>> result;
  const auto step = static_cast<std::size_t>(size);
  for (std::size_t at = 0; at + step <= sums.size(); at += step)
    result.push_back(std::span(sums).subspan(at, step));
  return result;
}

}  // namespace

std::map<std::string, double> code_metrics(const Evaluation& evaluation, const CodeShape& shape) {
  std::map<std::string, double> results;
  const auto statistic = [&](const char* name) -> const std::vector<double>* {
    const auto found = evaluation.statistics.find(name);
    return found == evaluation.statistics.end() ? nullptr : &found->second;
  };
  if (const auto* counts = statistic("code_counts"); counts && shape.kinds > 0) {
    const auto books = pieces(*counts, shape.kinds);
    double perplexity = 0, used = 0;
    for (const auto book : books) {
      perplexity += std::exp(entropy(book));
      for (const double count : book) used += count > 0 ? 1 : 0;
    }
    results["code_perplexity"] = perplexity / static_cast<double>(books.size());
    results["code_usage"] = used / static_cast<double>(counts->size());
  }
  if (const auto* posterior = statistic("posterior"); posterior && shape.kinds > 0) {
    double aggregate = 0;
    for (const auto latent : pieces(*posterior, shape.kinds)) aggregate += entropy(latent);
    results["aggregate_entropy"] = aggregate;
    if (const auto* entropies = statistic("posterior_entropy"))
      results["mutual_information_sum"] =
          aggregate -
          std::accumulate(entropies->begin(), entropies->end(), 0.0) / evaluation.loss.count;
  }
  const auto *means = statistic("mean"), *squares = statistic("mean_square");
  if (means && squares) {
    double active = 0;
    for (std::size_t i = 0; i < means->size(); ++i) {
      const double mean = (*means)[i] / evaluation.loss.count;
      active += (*squares)[i] / evaluation.loss.count - mean * mean > active_variance ? 1 : 0;
    }
    results["active_units"] = active;
  }
  return results;
}

std::int64_t active_units(const Tensor& means, double threshold) {
  const Shape& shape = means.shape();
  if (shape.rank() != 2 || shape[0] < 1 || means.dtype() != f32)
    throw ShapeError(
        str_cat("active_units: expected means f32[items, latents], got ", means.type()));
  const auto values = means.as<float>();
  const auto items = static_cast<std::size_t>(shape[0]),
             latents = static_cast<std::size_t>(shape[1]);
  std::int64_t active = 0;
  for (std::size_t k = 0; k < latents; ++k) {
    double mean = 0, variance = 0;
    for (std::size_t i = 0; i < items; ++i)
      mean += double{values[i * latents + k]} / static_cast<double>(items);
    for (std::size_t i = 0; i < items; ++i) {
      const double difference = values[i * latents + k] - mean;
      variance += difference * difference / static_cast<double>(items);
    }
    active += variance > threshold ? 1 : 0;
  }
  return active;
}

}  // namespace abax
