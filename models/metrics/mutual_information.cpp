// Every sample by every posterior, images side by side.
#include "models/metrics/mutual_information.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "core/plan/execution.h"
#include "models/registry.h"

namespace abax {
namespace {

/// [images, latents] in double as [latents, images], so that inner loops go over images.
std::vector<double> by_latent(const Tensor& tensor) {
  const auto images = static_cast<std::size_t>(tensor.shape()[0]);
  const auto latents = static_cast<std::size_t>(tensor.shape()[1]);
  const auto values = tensor.as<float>();
  std::vector<double> result(values.size());
  for (std::size_t i = 0; i < images; ++i)
    for (std::size_t k = 0; k < latents; ++k) result[k * images + i] = values[i * latents + k];
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

GaussianPosteriors gaussian_posteriors(Variables& store, const std::string& name,
                                       const ModelConfig& config, Workers& workers,
                                       const data::BatchSource& source, std::int64_t most) {
  const Autoencoder& parts = model(name).autoencoder;
  if (!parts.posterior) throw UsageError(text(name, " has no Gaussian latents"));
  Graph graph(store, Mode::evaluate, "posterior");
  const Value images = graph.input("images", {source.shapes()[0].batch, config.image_height,
                                              config.image_width, config.image_channels});
  const auto [mean, log_variance] = parts.posterior(graph, config, images);
  Execution execution(compile(graph, {mean, log_variance}), store, workers);
  const std::int64_t latents = mean.shape()[1];
  std::vector<float> means, log_variances;  // [images, latents]
  std::int64_t count = 0;
  data::Batch batch;
  for (std::int64_t position = 0; position < source.batches(); ++position) {
    source.fill(position, batch);
    execution.set("images", batch.input("images"));
    execution.run();
    const auto add = [&](Value value, std::vector<float>& to) {
      const auto values = execution.get(value).as<float>();
      to.insert(to.end(), values.begin(), values.begin() + batch.counted * latents);
    };
    add(mean, means);
    add(log_variance, log_variances);
    count += batch.counted;
  }
  const std::int64_t chosen = std::min(count, most);
  return {spaced(means, latents, count, chosen), spaced(log_variances, latents, count, chosen)};
}

double mutual_information(const GaussianPosteriors& posteriors, std::uint64_t seed,
                          Workers& workers) {
  const auto& [mean, log_variance] = posteriors;
  if (mean.type() != log_variance.type() || mean.dtype() != f32 || mean.shape().rank() != 2 ||
      mean.shape()[0] < 1)
    throw ShapeError(
        text("mutual information: expected the means and the log variances of "
             "posteriors, f32[images, latents] each, got ",
             mean.type(), " and ", log_variance.type()));
  const auto images = static_cast<std::size_t>(mean.shape()[0]);
  const auto latents = static_cast<std::size_t>(mean.shape()[1]);
  const std::vector<double> means = by_latent(mean);  // [latents, images], as those below
  std::vector<double> precisions = by_latent(log_variance);
  // log q(z|x_j) = base_j - 1/2 sum over latents of precision (z - mean)^2; what all have of pi
  // cancels.
  std::vector<double> base(images);
  for (std::size_t k = 0; k < latents; ++k)
    for (std::size_t j = 0; j < images; ++j) {
      double& precision = precisions[k * images + j];
      base[j] -= 0.5 * precision;
      precision = std::exp(-precision);
    }
  std::vector<double> information(images);
  const std::uint64_t key = stream_key(seed, "mutual information", "noise");
  const auto of_image = [&](std::int64_t image) {
    const auto n = static_cast<std::size_t>(image);
    Random random(key, static_cast<std::uint64_t>(image));
    std::vector<double> log_q = base;  // of z_n by each image, [images]
    for (std::size_t k = 0; k < latents; ++k) {
      const double* m = &means[k * images];
      const double* p = &precisions[k * images];
      const double z = m[n] + random.normal() / std::sqrt(p[n]);
      for (std::size_t j = 0; j < images; ++j) log_q[j] -= 0.5 * p[j] * (z - m[j]) * (z - m[j]);
    }
    information[n] = log_q[n] - log_mean_exp(log_q);
  };
  workers.run([&] { workers.loop(static_cast<std::int64_t>(images), of_image); });
  double sum = 0;
  for (const double nats : information) sum += nats;
  return sum / static_cast<double>(images);
}

}  // namespace abax
