// What an autoencoder's latents are worth, beyond what a pass over the data tells.
#pragma once

#include "tools/tasks/task.h"

namespace abax {

/// "iwae", where samples are asked for, with their number as "iwae_samples"; of Gaussian latents
/// "mutual_information" and "aggregate_entropy", as far as they are wanted. (Those of categorical
/// ones follow from the statistics of a pass: models/metrics/code_metrics.h.)
Results latent_scores(const ModelSettings& model, const data::BatchSource& source,
                      const ScoreOptions& options, Variables& store, Workers& workers);

}  // namespace abax
