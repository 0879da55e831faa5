// A language model's checkpoint as the tools see it: options, tokeniser, position, variables.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/io/checkpoint.h"
#include "models/model_config.h"
#include "tools/data/tokenizer.h"
#include "tools/options.h"

namespace abax {

/// What --model, --width and so on say, for a vocabulary of that size.
ModelConfig model_config(const TrainOptions& options, std::int64_t vocabulary);

/// Where a run of that --out folder keeps its newest checkpoint.
std::filesystem::path checkpoint_path(const std::filesystem::path& run);

/// Writes the checkpoint of a run after `step` updates and `position` batches. Throws DiskError.
void save_run(const std::filesystem::path& run, const TrainOptions& options,
              const data::Tokenizer& tokenizer, std::int64_t step, std::int64_t position,
              const Variables& store);

struct SavedRun {
  CheckpointReader checkpoint;
  TrainOptions options;
  data::Tokenizer tokenizer;

  ModelConfig config() const { return model_config(checkpoint.contents().values); }
};

/// Opens the checkpoint in a run's folder, or the checkpoint itself. Throws CheckpointError.
SavedRun open_run(const std::filesystem::path& path);

}  // namespace abax
