// A language model of Transformer blocks (Radford et al. 2019, "Language models are unsupervised
// multitask learners"), with segment recurrence as an option (Dai et al. 2019, "Transformer-XL").
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "models/layers/transformer.h"
#include "models/model.h"
#include "models/settings/fields.h"

namespace abax {

struct TransformerLm {
  std::int64_t vocabulary = 0;  // of what is predicted
  TransformerConfig blocks{.layers = 2};
  std::int64_t memory = 0;  // positions of former segments that are still seen
  bool tied = false;
  float label_smoothing = 0;  // in training graphs
  /// How many tokens are read, where they are more than those that are predicted, which are the
  /// first of them; no field: a model that is made of this one says so.
  std::int64_t read_vocabulary = 0;
};
void fields(Fields& f, TransformerLm& settings);

/// After how many steps a stream must begin anew; 0: never, since a memory makes room.
std::int64_t transformer_language_context(const TransformerLm& settings);

/// tokens -> embedding and positions -> dropout -> causal blocks -> normalisation -> output
/// projection. Where `tied`, its weight is the embedding's transpose (Press and Wolf 2017). With
/// `memory` > 0 each block also sees its inputs at the last `memory` positions of the runs before,
/// as far as they are of the same streams ("keep"). Throws UsageError where the settings do not
/// fit together: a memory needs rotary positions.
Model transformer_language_model(Graph& graph, const TransformerLm& settings,
                                 const BatchShape& shape);

/// One step of generation: inputs "tokens" i32 [1, batch] and "keep" f32 [], 0 where a stream
/// begins. Keys and values of the context + memory last positions are carried state. Without a
/// memory no more than `context` steps may follow each other. Returns logits [1, batch,
/// vocabulary].
Value transformer_language_step(Graph& graph, const TransformerLm& settings, std::int64_t batch);

}  // namespace abax
