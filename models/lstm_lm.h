// A language model of LSTM layers (Zaremba et al. 2014, "Recurrent neural network regularization").
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "models/model.h"
#include "models/model_config.h"

namespace abax {

/// tokens -> embedding -> dropout -> (LSTM -> dropout) a layer -> output projection. Where `tied`,
/// the projection's weight is the embedding's transpose (Press and Wolf 2017). Parameters:
/// embedding [vocabulary, width], lstm<i>/input_weight and so on (models/layers/layers.h),
/// output/weight and output/bias.
Model lstm_language_model(Graph& graph, const ModelConfig& config, const BatchShape& shape);
/// One step of generation; see ModelEntry::step.
Value lstm_language_step(Graph& graph, const ModelConfig& config, std::int64_t batch);

}  // namespace abax
