// A sequence from a sequence, such as a translation: encoder, attention, decoder, of Transformer
// blocks (Vaswani et al. 2017) or of recurrent layers (Luong, Pham and Manning 2015, "Effective
// approaches to attention-based neural machine translation").
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "models/model.h"
#include "models/model_config.h"
#include "models/step_decoder.h"

namespace abax {

/// Each target token from the source and the target before it; metric "accuracy" of the most likely
/// token. Of recurrent layers: the decoder begins with the encoder's last states, and of its
/// outputs h the prediction reads tanh([c; h] W), c being the attention with scores h W e (Luong et
/// al., eq. 5 and 8, "general"). Parameters are under encoder/ and decoder/: each with an embedding
/// (or one "embedding" for both), its layers, decoder/output; of recurrent layers
/// decoder/attention/query and decoder/attention/output. Throws UsageError where the configuration
/// does not fit together.
Model sequence_to_sequence(Graph& graph, const ModelConfig& config, const BatchShape& shape);

/// Reads sources: inputs "source" i32 [length, batch] and "source_lengths" i32 [batch]. What the
/// steps need becomes carried state, which graphs of one label share.
void begin_decoding(Graph& graph, const ModelConfig& config, const DecodingShape& shape);

/// One step: inputs "tokens" i32 [1, rows], "position" i32 [] (0 at the first step) and, where the
/// beam is wider than 1, "parents" i32 [rows]: of which row of the step before each row goes on.
/// Returns log-probabilities of the next token, [rows, vocabulary].
Value decoding_step(Graph& graph, const ModelConfig& config, const DecodingShape& shape);

}  // namespace abax
