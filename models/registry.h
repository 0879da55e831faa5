// From a model's name to its builder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/parallel.h"
#include "core/graph/graph.h"
#include "models/autoencoder.h"
#include "models/latents/k_means.h"
#include "models/model.h"
#include "models/model_config.h"

namespace abax {

/// A model as tools know it: what --model takes, and what help says of it.
struct ModelEntry {
  std::string name;
  std::string description;
  TaskKind task;
  /// The graph of training (or, in an evaluation graph, of validation) for one shape of batches.
  Model (*build)(Graph& graph, const ModelConfig& config, const BatchShape& shape);
  /// The fields of ModelConfig that it reads, as options are called ("feed-forward").
  std::vector<std::string> options;
  /// Of language models and priors over codes: one step of generation of `batch` streams, whose
  /// state is carried. Inputs "tokens" [1, batch] and "keep"; gives the logits [1, batch,
  /// vocabulary].
  Value (*step)(Graph& graph, const ModelConfig& config, std::int64_t batch) = nullptr;
  /// Of autoencoders.
  Autoencoder autoencoder = {};
  /// Of models that look at some batches of training data once, before the first step of a new run
  /// (where ModelConfig::codebook_start is "data"), or at none, after parameters of another run
  /// were loaded. The training graph was built before.
  void (*prepare)(Variables& store, const ModelConfig& config, std::span<const BatchInputs> batches,
                  Workers& workers) = nullptr;
};

const std::vector<ModelEntry>& models();
/// Throws UsageError, naming the nearest known model.
const ModelEntry& model(std::string_view name);

}  // namespace abax
