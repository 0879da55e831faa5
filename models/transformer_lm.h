// A language model of Transformer blocks (Radford et al. 2019, "Language models are unsupervised
// multitask learners"), with segment recurrence as an option (Dai et al. 2019, "Transformer-XL").
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "models/model.h"
#include "models/model_config.h"

namespace abax {

/// tokens -> embedding and positions -> dropout -> causal blocks -> normalisation -> output
/// projection. Where `tied`, its weight is the embedding's transpose (Press and Wolf 2017). With
/// `memory` > 0 each block also sees its inputs at the last `memory` positions of the runs before,
/// as far as they are of the same streams ("keep"). Throws UsageError where the configuration does
/// not fit together: a memory needs rotary positions.
Model transformer_language_model(Graph& graph, const ModelConfig& config, const BatchShape& shape);

/// One step of generation: inputs "tokens" i32 [1, batch] and "keep" f32 [], 0 where a stream
/// begins. Keys and values of the context + memory last positions are carried state. Without a
/// memory no more than `context` steps may follow each other. Returns logits [1, batch,
/// vocabulary].
Value transformer_language_step(Graph& graph, const ModelConfig& config, std::int64_t batch);

}  // namespace abax
