// The folder of a training run: what lies in it, and which process writes there.
//
//     RUN/last           the newest checkpoint; last.1 and last.2 are those before it
//     RUN/best           the one of the best validation
//     RUN/metrics.jsonl, RUN/config.toml
//     RUN/.lock          held by the process that trains there, and by nothing once it is gone
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace abax {

/// Where a run keeps its newest checkpoint, and the best one of its validations.
std::filesystem::path checkpoint_path(const std::filesystem::path& run);
std::filesystem::path best_path(const std::filesystem::path& run);

/// The checkpoints of a run that can be gone on from, furthest first; of equally far ones `last`
/// comes before the others. Empty where the folder holds none.
std::vector<std::filesystem::path> checkpoints_of(const std::filesystem::path& run);

/// The right to write into a run's folder. flock(2) keeps other processes out, and frees the folder
/// when this one ends in whatever way; on network file systems without locks nothing does.
class RunFolder {
 public:
  /// A folder for a new run, which is made if need be; "": the first of runs/MODEL-1, -2, .. that
  /// is free. Throws UsageError where another process trains there, where it holds a run, or
  /// files that a run would write over; DiskError where it cannot be made.
  static RunFolder claim(const std::string& out, const std::string& model);
  /// The folder of a run to go on with, without what a killed process left half written. Throws
  /// UsageError where another process trains there, or the path is of a checkpoint;
  /// CheckpointError where there is none to go on from.
  static RunFolder reopen(const std::filesystem::path& run);

  RunFolder(RunFolder&& other) noexcept;
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit RunFolder(std::filesystem::path path);
  void lock();

  std::filesystem::path path_;
  int lock_ = -1;  // a descriptor; -1 where the file system has no locks
};

}  // namespace abax
