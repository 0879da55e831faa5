// The importance-weighted bound on the log-likelihood of items.
#pragma once

#include <cstdint>
#include <functional>

#include "core/base/parallel.h"
#include "core/graph/variables.h"
#include "models/data/batch.h"
#include "models/model_settings.h"

namespace abax {

/// Burda et al. 2016, eq. 8: the mean over the items of a pass (those whose "weights" are
/// above 0) of log 1/k sum_i p(x, z_i) /
/// q(z_i | x), with k = `samples` hard samples z_i of the posterior each; in nats. One sample gives
/// an estimate of the ELBO. Throws UsageError where the model has no likelihood to bound, or
/// without samples.
double importance_bound(Variables& store, const ModelSettings& settings, Workers& workers,
                        const data::BatchSource& source, std::int64_t samples);

/// The same of one's own model: `log_weight` gives log p(x, z) - log q(z | x) [batch] of one hard
/// sample, drawn anew at each run; the batches have "weights" [batch]. Throws UsageError besides on
/// another shape and where there is no function.
double importance_bound(
    Variables& store, Workers& workers, const data::BatchSource& source, std::int64_t samples,
    const std::function<Value(Graph& graph, const BatchShape& shape)>& log_weight);

}  // namespace abax
