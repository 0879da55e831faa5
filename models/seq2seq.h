// A sequence from a sequence, such as a translation: encoder, attention, decoder, of Transformer
// blocks (Vaswani et al. 2017) or of recurrent layers (Luong, Pham and Manning 2015, "Effective
// approaches to attention-based neural machine translation").
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "models/layers/encoder.h"
#include "models/model.h"
#include "models/settings/fields.h"
#include "models/step_decoder.h"

namespace abax {

struct Seq2Seq {
  std::int64_t source_vocabulary = 0;
  std::int64_t vocabulary = 0;  // of the target
  SequenceBlocks blocks{.layers = 2};
  std::int64_t decoder_layers = 0;  // of Transformer blocks; 0: as many as the encoder's
  bool tied = false;
  bool shared_embeddings = false;  // source and target have one embedding
  float label_smoothing = 0;       // in training graphs
};
void fields(Fields& f, Seq2Seq& settings);

/// Each target token from the source and the target before it; metric "accuracy" of the most likely
/// token. Of recurrent layers: the decoder begins with the encoder's last states, and of its
/// outputs h the prediction reads tanh([c; h] W), c being the attention with scores h W e (Luong et
/// al., eq. 5 and 8, "general"). Parameters are under encoder/ and decoder/: each with an embedding
/// (or one "embedding" for both), its layers, decoder/output; of recurrent layers
/// decoder/attention/query and decoder/attention/output. Throws UsageError where the settings do
/// not fit together.
Model sequence_to_sequence(Graph& graph, const Seq2Seq& settings, const BatchShape& shape);

/// Both halves step by step; see StepDecoder.
void begin_decoding(Graph& graph, const Seq2Seq& settings, const DecodingShape& shape);
Value decoding_step(Graph& graph, const Seq2Seq& settings, const DecodingShape& shape);

}  // namespace abax
