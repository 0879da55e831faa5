// A feed-forward language model of the last few tokens (Bengio et al. 2003, "A neural probabilistic
// language model").
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "models/model.h"
#include "models/settings/fields.h"

namespace abax {

struct NgramLm {
  std::int64_t vocabulary = 0;  // of what is read and predicted
  std::int64_t order = 8;       // tokens that are read for each that is predicted
  std::int64_t width = 128;     // of the embedding and of the hidden layer
  float dropout = 0;            // in training graphs
  bool tied = false;
  float label_smoothing = 0;  // in training graphs
};
void fields(Fields& f, NgramLm& settings);

/// y = b + U tanh(d + H x), eq. 1 without the direct connections, where x are the embeddings of the
/// last `order` tokens one after another. Those before a window are carried from the run before it,
/// zeros where a stream begins; no gradient goes there. Parameters: embedding [vocabulary, width],
/// hidden/{weight, bias}, output/{weight, bias} (see token_logits()).
Model ngram_language_model(Graph& graph, const NgramLm& settings, const BatchShape& shape);
/// One step of generation; see ModelEntry::step.
Value ngram_language_step(Graph& graph, const NgramLm& settings, std::int64_t batch);

}  // namespace abax
