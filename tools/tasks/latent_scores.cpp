// The importance-weighted bound and the information of latents.
#include "tools/tasks/latent_scores.h"

#include "models/metrics/importance_bound.h"
#include "models/metrics/mutual_information.h"
#include "models/registry.h"

namespace abax {

Results latent_scores(const ModelSettings& model, const data::BatchSource& source,
                      const ScoreOptions& options, Variables& store, Workers& workers) {
  Results results;
  if (options.samples > 0) {
    results["iwae"] = importance_bound(store, model, workers, source, options.samples);
    results["iwae_samples"] = static_cast<double>(options.samples);
  }
  const Autoencoder& parts = model.entry().autoencoder;
  const bool gaussian = parts.posterior && parts.shape(model).kinds == 0;
  if (gaussian && options.wants({"mutual_information", "aggregate_entropy"})) {
    const LatentInformation nats = latent_information(
        gaussian_posteriors(store, model, workers, source), store.seed(), workers);
    results["mutual_information"] = nats.mutual_information;
    results["aggregate_entropy"] = nats.aggregate_entropy;
  }
  return results;
}

}  // namespace abax
