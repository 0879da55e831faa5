// What an encoder-decoder offers to whoever decodes step by step: the graphs of both halves.
#pragma once

#include "core/graph/graph.h"
#include "models/layers/decoder.h"

namespace abax {

class ModelSettings;

/// Both are null where a model makes no sequence from another or from codes.
struct StepDecoder {
  /// Reads sources: inputs "source" i32 [length, batch] and "source_lengths" i32 [batch]; of
  /// autoencoders "codes" [batch, positions], i32 or, of Gaussian latents, f32. What the steps need
  /// becomes carried state, which graphs of one label share.
  void (*begin)(Graph& graph, const ModelSettings& settings, const DecodingShape& shape) = nullptr;
  /// One step: inputs "tokens" i32 [1, rows], "position" i32 [] (0 at the first step) and, where
  /// the beam is wider than 1, "parents" i32 [rows]: of which row of the step before each row goes
  /// on. Returns log-probabilities of the next token, [rows, vocabulary].
  Value (*step)(Graph& graph, const ModelSettings& settings, const DecodingShape& shape) = nullptr;
};

}  // namespace abax
