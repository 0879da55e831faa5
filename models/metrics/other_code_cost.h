// What a decoder loses by the codes of another item: whether it reads them at all.
#pragma once

#include "core/base/parallel.h"
#include "core/graph/variables.h"
#include "models/data/batch.h"
#include "models/model_settings.h"

namespace abax {

/// The mean over the items of a pass (those whose "weights" are above 0), in nats an item, of
///
///   log p(x_n | z_n) - log p(x_n | z_m),
///
/// with one sample z_n of q(z|x_n) an item (its codes, where it has no others), and m the item
/// that follows n in a random circle through all of them, so that m is never n. It is 0 of a
/// decoder that takes no notice of its latent, however large the KL. The draws follow the store's
/// seed alone. Throws UsageError where the model has no such likelihood and where there are fewer
/// than two items.
double other_code_cost(Variables& store, const ModelSettings& settings, Workers& workers,
                       const data::BatchSource& source);

}  // namespace abax
