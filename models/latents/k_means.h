// Codebooks that start from data: k-means over the vectors that they are to quantise.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/parallel.h"
#include "core/base/tensor.h"
#include "core/graph/variables.h"
#include "models/latents/quantiser.h"
#include "models/model.h"

namespace abax {

/// `codes` centres of vectors [n, width] f32, [codes, width]: seeded by k-means++ (Arthur and
/// Vassilvitskii 2007, section 2.2), then `rounds` rounds of Lloyd's; a centre that loses all its
/// vectors stays. Of fewer different vectors than codes some come several times. The same for any
/// number of threads. Throws UsageError where n or codes is 0.
Tensor k_means(const Tensor& vectors, std::int64_t codes, int rounds, std::uint64_t seed,
               Workers& workers);

/// Replaces the codebooks of a model, which `build` builds, in the store by k-means of what reaches
/// them of these batches, one after another in the order in which the model reads them; their
/// counts and sums begin anew (see models/latents/quantiser.h). Positions of items whose "weights"
/// are 0 are left out; sequences, by "tokens" [time, batch], may be of several lengths; no more
/// than 64 vectors a code are taken, evenly over the batches. Without batches the codebooks stay,
/// and their counts and sums begin anew: after parameters of another run were loaded. The model's
/// variables must be in the store: its training graph was built before. Does nothing where the
/// model has no codebook, and with batches where codebooks start at random. Throws UsageError where
/// there are batches and none has a weight above 0.
void start_codebooks(Variables& store, const Quantiser& quantiser,
                     const std::function<void(Graph&, const BatchShape&)>& build,
                     std::span<const BatchInputs> batches, Workers& workers);

}  // namespace abax
