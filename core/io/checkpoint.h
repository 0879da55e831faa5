// Checkpoints: a folder with all that a run needs to go on, written so that it is whole or absent.
//
//     save_checkpoint("runs/a/last", {.model = "lstm_lm", .step = 100}, store);
//     CheckpointReader checkpoint("runs/a/last");
//     checkpoint.create(other_store);   // an empty store gets every variable
//
// The folder holds `checkpoint.json` (see Checkpoint; format version, seed and run counters of the
// store, size and XXH3 hash of every file), `variables.safetensors` (all variables; its metadata
// maps each name to role and flags, such as "trainable, no decay") and the caller's own small
// files.
//
// It is written as NAME.tmp-PID, synced, and put in place by one rename. An existing checkpoint is
// exchanged with the new one in one step (Linux: renameat2 with RENAME_EXCHANGE). Where the file
// system cannot do that, it is renamed to NAME.replaced first: if the process dies before the next
// rename, NAME.replaced is what a reader of NAME finds. Leftovers of processes that died are
// removed by the next save. The last few that were replaced may stay, as NAME.1, NAME.2.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/graph/variables.h"
#include "core/io/safetensors.h"

namespace abax {

/// What the tools keep beside the variables. core gives no meaning to any of it.
struct Checkpoint {
  std::string model = {};                            // the registry's name
  std::map<std::string, std::string> settings = {};  // the model's own, by the names of its fields
  std::map<std::string, std::string> values = {};    // whatever else is short
  std::int64_t step = 0;                             // optimiser steps taken
  std::int64_t data_position = 0;                    // batches consumed, not those prefetched
  std::map<std::string, std::string> files = {};     // name -> contents: "tokenizer.jsonl"
  /// Format 1 had the settings of all models together under "values", and what a run was told as
  /// text. Written is the newest format alone, whose number this is.
  std::int64_t format = 2;
  std::string configuration = {};
};

struct SaveOptions {
  bool exchange = true;  // false: as on a file system that cannot exchange two folders
  /// Called before each change to the disk with its name. A test dies or throws there.
  std::function<void(std::string_view step)> before = {};
  int keep = 0;  // so many of those that were replaced stay, as older_checkpoint() names them
};

/// NAME.1 is the checkpoint that the one at NAME replaced, NAME.2 the one before.
std::filesystem::path older_checkpoint(const std::filesystem::path& path, int age);

/// Throws DiskError where something cannot be written, and leaves the old checkpoint as it was
/// then; UsageError where the path exists and is no checkpoint, or a file's name is taken or not
/// plain.
void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint,
                     const Variables& store, const SaveOptions& options = {});

/// The same contents under another path, without writing them again where the file system knows
/// hard links. Throws as save_checkpoint(), and DataError where `from` cannot be read.
void copy_checkpoint(const std::filesystem::path& from, const std::filesystem::path& to,
                     const SaveOptions& options = {});

/// The step of the checkpoint at a path, by its description alone; nothing where there is none, or
/// one whose description is damaged.
std::optional<std::int64_t> checkpoint_step(const std::filesystem::path& path);

/// Opens a checkpoint and checks it whole: format, sizes, hashes. Everything throws
/// CheckpointError. A store that does not fit is left as it was. Hashes tell damage, not intent:
/// whoever writes to a checkpoint can make them fit. What reads it bounds what it says; a model of
/// subwords alone goes to SentencePiece as it is.
class CheckpointReader {
 public:
  explicit CheckpointReader(const std::filesystem::path& path);

  const Checkpoint& contents() const& { return contents_; }
  const Checkpoint& contents() const&& = delete;  // gone with the temporary: keep the reader
  /// Of the library that wrote it.
  const std::string& version() const { return version_; }
  std::uint64_t seed() const { return seed_; }
  /// Plan label -> how often plans of that label have run.
  const std::map<std::string, std::uint64_t>& runs() const { return runs_; }
  const SafetensorsFile& variables() const { return *variables_; }
  /// The XXH3 hash of all variables, 16 hexadecimal digits: what tells one trained model from
  /// another.
  std::string hash() const;
  Role role_of(const SafetensorsEntry& entry) const;

  /// Gives every variable of the store its value, and the store its seed and run counters. Both
  /// must hold the same names with the same types and roles, but for carried state of plans that
  /// only one of them knows: that of the checkpoint is left out, that of the store becomes zeros.
  void restore(Variables& store) const;
  /// Creates every variable, with its role and flags; seed and run counters as in restore(). The
  /// store must not hold any of the names.
  void create(Variables& store) const;

 private:
  [[noreturn]] void fail(const std::string& what) const;
  void read_description(const std::filesystem::path& folder);

  std::filesystem::path path_;
  Checkpoint contents_;
  std::string version_;
  std::uint64_t seed_ = 0, hash_ = 0;
  std::map<std::string, std::uint64_t> runs_;
  std::unique_ptr<SafetensorsFile> variables_;
};

/// Gives the parameters (trainable variables) of the store the values of a file: that of a
/// checkpoint, whose other variables are left out, or any other, all of whose tensors count as
/// parameters. Both must hold the same names with the same types. Throws CheckpointError and leaves
/// the store as it was.
void load_parameters(const SafetensorsFile& file, Variables& store);
/// The same for a path: a checkpoint's folder or a safetensors file.
void load_parameters(const std::filesystem::path& path, Variables& store);

}  // namespace abax
