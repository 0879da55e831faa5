// From a model's name to what it reads and builds.
//
//     ModelSettings model("lstm_lm");                    // with its defaults
//     model.as<LstmLm>().width = 256;
//     model.derive({{"vocabulary-size", 96}});           // what follows from the data
//     const Model built = model.entry().build(graph, model, {.batch = 20, .length = 35});
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/parallel.h"
#include "core/graph/graph.h"
#include "models/autoencoder.h"
#include "models/latents/k_means.h"
#include "models/model.h"
#include "models/model_settings.h"
#include "models/step_decoder.h"

namespace abax {

/// A model as tools know it: what --model takes, and what help says of it.
struct ModelEntry {
  std::string name;
  std::string description = {};
  /// What it learns: the name of a row of tools/tasks/tasks.h, see models/model.h.
  std::string task;
  /// Of models whose settings decide it: that name, in its place.
  std::string (*task_of)(const ModelSettings& settings) = nullptr;
  /// Its settings struct, with defaults.
  AnySettings settings;
  /// How the settings of its training differ from the usual: {"lr", "2e-3"}.
  std::vector<std::pair<std::string, std::string>> defaults = {};
  /// The graph of training (or, in an evaluation graph, of validation) for one shape of batches.
  Model (*build)(Graph& graph, const ModelSettings& settings, const BatchShape& shape);
  /// Of models of tokens: one step of generation of `batch` streams, whose state is carried.
  /// Inputs "tokens" [1, batch] and "keep"; gives the logits [1, batch, vocabulary].
  Value (*step)(Graph& graph, const ModelSettings& settings, std::int64_t batch) = nullptr;
  /// Of models of sequences: how many tokens in a row they take, where that is limited; else 0.
  /// Of encoder-decoders: the longest source or target. Of classifiers: the longest sentence.
  std::int64_t (*context)(const ModelSettings& settings) = nullptr;
  /// Of models that make a sequence from another.
  StepDecoder decoder = {};
  /// Of autoencoders.
  Autoencoder autoencoder = {};
  /// Of models that look at some batches of training data once, before the first step of a new
  /// run, or at none, after parameters of another run were loaded. The training graph was built
  /// before.
  void (*prepare)(Variables& store, const ModelSettings& settings,
                  std::span<const BatchInputs> batches, Workers& workers) = nullptr;
  /// The scalar inputs that change with the step, from 0, of a run of `steps`: "kl_weight".
  Scalars (*schedule)(const ModelSettings& settings, std::int64_t step,
                      std::int64_t steps) = nullptr;
  /// From the values of a checkpoint of format 1 (names with '-') to what the fields are called and
  /// mean now.
  void (*upgrade)(std::map<std::string, std::string>& values) = nullptr;
};

const std::vector<ModelEntry>& model_entries();
/// Throws UsageError, naming the nearest known model.
const ModelEntry& model_entry(std::string_view name);

}  // namespace abax
