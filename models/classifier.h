// A classifier of token sequences: an encoder, its values pooled over the sequence, a projection.
#pragma once

#include "core/graph/graph.h"
#include "models/model.h"
#include "models/model_config.h"

namespace abax {

/// The class of each sequence; metric "accuracy". Pooling "mean" takes the mean of the encoder's
/// values over the sequence, "last" a recurrent layer's state after it (bidirectional: of both
/// directions after their ends); a Transformer always takes the mean. Parameters are under encoder/
/// (with its embedding, see models/layers/encoder.h), and output/weight [width, classes],
/// output/bias. Throws UsageError where the configuration does not fit together.
Model sequence_classifier(Graph& graph, const ModelConfig& config, const BatchShape& shape);

}  // namespace abax
