// A language model of LSTM layers (Zaremba et al. 2014, "Recurrent neural network regularization").
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "models/model.h"
#include "models/settings/fields.h"

namespace abax {

struct LstmLm {
  std::int64_t vocabulary = 0;  // of what is read and predicted
  std::int64_t width = 128;     // of the embedding and of each layer
  std::int64_t layers = 1;
  float dropout = 0;  // in training graphs
  bool tied = false;
  float label_smoothing = 0;  // in training graphs
};
void fields(Fields& f, LstmLm& settings);

/// tokens -> embedding -> dropout -> (LSTM -> dropout) a layer -> output projection. Where `tied`,
/// the projection's weight is the embedding's transpose (Press and Wolf 2017). Parameters:
/// embedding [vocabulary, width], lstm<i>/input_weight and so on (models/layers/layers.h),
/// output/weight and output/bias.
Model lstm_language_model(Graph& graph, const LstmLm& settings, const BatchShape& shape);
/// One step of generation; see ModelEntry::step.
Value lstm_language_step(Graph& graph, const LstmLm& settings, std::int64_t batch);

}  // namespace abax
