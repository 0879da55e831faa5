// A run's checkpoints as the tools see them: options, tokenisers, position, variables.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "core/io/checkpoint.h"
#include "tools/tasks/task.h"
#include "tools/training/run_files.h"
#include "tools/training/run_folder.h"
#include "tools/training/run_settings.h"

namespace abax {

/// How far a run has come: what its checkpoint keeps beside the variables.
struct RunState {
  std::int64_t step = 0;            // updates done
  std::int64_t position = 0;        // batches consumed
  std::optional<double> best = {};  // value of the metric that chooses the best checkpoint
  Results best_results = {};        // all that this validation gave
  std::int64_t since_best = 0;      // validations since then
  Fingerprints data = {};           // what it learns from
};

/// What a checkpoint of the run holds beside the variables.
Checkpoint checkpoint_of(const RunSettings& settings, const Task& task, const RunState& state);

struct SavedRun {
  CheckpointReader checkpoint;
  RunSettings settings;  // the model's with its derived values; files as they are found from here
  RunState state;
  std::filesystem::path place;  // of the checkpoint
  std::string skipped = {};     // what is wrong with newer ones that are damaged

  const Files& files() const { return checkpoint.contents().files; }
};

/// Which checkpoint of a run's folder is meant: the newest one that is whole, or the best one if
/// there is one.
enum class Which : std::uint8_t { last, best };
/// Opens the checkpoint in a run's folder, or the checkpoint itself. Throws CheckpointError.
SavedRun open_run(const std::filesystem::path& path, Which which = Which::last);

/// The model of a checkpoint as it is best used: with its averaged parameters, where it has them.
void create_for_use(const SavedRun& run, Variables& store);
/// Writes a checkpoint of what using the model needs: its parameters, averaged where they are, and
/// saved state such as codebooks; nothing of an optimiser or of a stream of data. Throws UsageError
/// where the path exists, DiskError.
void export_run(const SavedRun& run, const std::filesystem::path& to);
/// Gives such parameters to a store that holds the model already: all, or those whose names begin
/// as one of `parts`. Throws CheckpointError where the store holds another model, or other ones of
/// these parameters; UsageError where no parameter's name begins so.
void load_for_use(const SavedRun& run, Variables& store, const Words& parts = {});

}  // namespace abax
