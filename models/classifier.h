// A classifier of token sequences: an encoder, its values pooled over the sequence, a projection.
#pragma once

#include <cstdint>
#include <string>

#include "core/graph/graph.h"
#include "models/layers/encoder.h"
#include "models/model.h"
#include "models/settings/fields.h"

namespace abax {

struct Classifier {
  std::int64_t vocabulary = 0;  // of what is read
  std::int64_t classes = 0;
  SequenceBlocks blocks{.kind = "lstm"};
  std::string pooling = "last";  // of recurrent layers; see pooled()
  float label_smoothing = 0;     // in training graphs
};
void fields(Fields& f, Classifier& settings);

/// The class of each sequence; metric "accuracy". What stands for a
/// sequence is pooled() of the encoder's values, of a Transformer always their mean. Parameters are
/// under encoder/ (with its embedding, see models/layers/encoder.h), and output/weight [width,
/// classes], output/bias. Throws UsageError where the settings do not fit together.
Model sequence_classifier(Graph& graph, const Classifier& settings, const BatchShape& shape);

}  // namespace abax
