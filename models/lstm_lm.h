// A language model of LSTM layers (Zaremba et al. 2014, "Recurrent neural network regularization").
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "models/language_model.h"

namespace abax {

/// tokens -> embedding -> dropout -> (LSTM -> dropout) a layer -> output projection. Where `tied`,
/// the projection's weight is the embedding's transpose (Press and Wolf 2017).
LanguageModel lstm_language_model(Graph& graph, const LanguageModelConfig& config,
                                  std::int64_t time, std::int64_t batch);

}  // namespace abax
