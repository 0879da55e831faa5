// The files and folders that a run was told of, wherever it is looked at from, and whether what
// they hold is still the same.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tools/tasks/task.h"
#include "tools/training/run_settings.h"

namespace abax {

/// Of a run that was told its files (--data, --valid, --test, --codes-of, --reward-classifier) in
/// the folder `from` and lies in the folder `run` now: makes settings name them as they are found
/// from here. A file is looked for where it lies as seen from the run's folder, so that both may
/// have moved together, then where it lay, then from here. What is found nowhere keeps its name.
void find_files(RunSettings& settings, const std::filesystem::path& from,
                const std::filesystem::path& run);

/// Throws DataError where a file of one of these options is not there; `advice` says what to do.
void check_files(const RunSettings& settings, const Words& options, const std::string& advice);

bool files_are_there(const RunSettings& settings);
/// Gives settings the files of others of the same task.
void take_files(RunSettings& settings, const RunSettings& from);

/// A hash of what each part of a task's data holds: "train", "valid", "test".
using Fingerprints = std::map<std::string, std::string>;
Fingerprints fingerprints(const Task& task);
/// "train, test": the parts that are not what they were; those of older checkpoints, which keep no
/// fingerprints, count as equal.
std::string changed_parts(const Fingerprints& before, const Fingerprints& now);

}  // namespace abax
