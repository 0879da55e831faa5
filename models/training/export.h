// What inference needs of a trained store, and nothing else.
//
//     Variables store;
//     checkpoint.create(store);
//     const std::unique_ptr<Variables> small = export_for_inference(store);
//     save_checkpoint("model", checkpoint.contents(), *small);   // of core/io/checkpoint.h
#pragma once

#include <memory>

#include "core/graph/variables.h"

namespace abax {

/// A store with copies of the parameters, with their averages in their place where there are some
/// (see OptimiserConfig::average), and of saved state that no optimiser made, such as counts of a
/// codebook. What optimisers and accumulation keep is left out, and so are carried state and run
/// counters; the seed is the same. The store given stays as it is.
std::unique_ptr<Variables> export_for_inference(const Variables& store);

}  // namespace abax
