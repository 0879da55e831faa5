// Writing checkpoints: the folder appears, and is replaced, in one step.
#include "core/io/checkpoint.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/function_ref.h"
#include "core/base/text.h"
#include "core/base/version.h"
#include "core/io/checkpoint_format.h"
#include "core/io/json.h"

namespace abax {
namespace {

namespace fs = std::filesystem;

/// Turns what std::filesystem reports into a DiskError.
template <class Action>
void on_disk(const fs::path& path, Action action) {
  std::error_code error;
  action(error);
  if (error) throw DiskError(str_cat("cannot write '", path.string(), "': ", error.message()));
}

void remove_folder(const fs::path& path) {
  on_disk(path, [&](std::error_code& error) { fs::remove_all(path, error); });
}

fs::path parent_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

bool is_checkpoint(const fs::path& path) {
  return path_exists(path / checkpoint_format::description);
}

/// Whether NAME.tmp-PID is of a process that is gone (or of this one, from an earlier life of its
/// id).
bool is_left_over(std::string_view name, const std::string& prefix) {
  if (!name.starts_with(prefix)) return false;
  const std::string_view digits = name.substr(prefix.size());
  pid_t process = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), process);
  if (error != std::errc() || end != digits.data() + digits.size() || process <= 0) return false;
  return process == getpid() || (kill(process, 0) < 0 && errno == ESRCH);
}

void remove_left_overs(const fs::path& path) {
  const std::string prefix = path.filename().string() + ".tmp-";
  std::vector<fs::path> found;
  on_disk(path, [&](std::error_code& error) {
    for (const auto& entry : fs::directory_iterator(parent_of(path), error))
      if (is_left_over(entry.path().filename().string(), prefix)) found.push_back(entry.path());
  });
  for (const fs::path& folder : found) remove_folder(folder);
}

void check_files(const Checkpoint& checkpoint) {
  for (const auto& [name, contents] : checkpoint.files)
    if (!checkpoint_format::is_plain(name) || name == checkpoint_format::description ||
        name == checkpoint_format::variables)
      throw UsageError(str_cat("a checkpoint cannot hold a file named '", name, "'"));
}

SafetensorsContents contents_of(const Variables& store) {
  SafetensorsContents contents;
  for (int i = 0; i < store.count(); ++i) {
    const Variable& variable = store[i];
    contents.tensors.emplace_back(variable.name, variable.value().view());
    contents.metadata[variable.name] = checkpoint_format::flags_of(variable);
  }
  return contents;
}

std::string description_of(const Checkpoint& checkpoint, const Variables& store,
                           const std::map<std::string, FileSummary>& files) {
  const auto object_of = [](const auto& map) { return Json::Object(map.begin(), map.end()); };
  Json::Object listed;
  for (const auto& [name, summary] : files)
    listed.emplace_back(name, Json::Object{{"bytes", summary.bytes}, {"xxh3", summary.hash}});
  return checkpoint_format::sealed({{"format", checkpoint_format::format},
                                    {"abax", version()},
                                    {"model", checkpoint.model},
                                    {"step", checkpoint.step},
                                    {"data_position", checkpoint.data_position},
                                    {"seed", store.seed()},
                                    {"runs", object_of(store.all_runs())},
                                    {"settings", object_of(checkpoint.settings)},
                                    {"values", object_of(checkpoint.values)},
                                    {"files", listed}});
}

/// Removes the temporary folder, whatever happens; by then it may hold the checkpoint that was
/// replaced.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(fs::path path) : path_(std::move(path)) {
    on_disk(path_, [&](std::error_code& error) { fs::create_directory(path_, error); });
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

 private:
  fs::path path_;
};

/// The replaced checkpoint becomes NAME.1, and those before it move on by one.
void set_aside(const fs::path& replaced, const fs::path& path, int keep) {
  if (keep == 0 || !path_exists(replaced)) return remove_folder(replaced);
  remove_folder(older_checkpoint(path, keep));
  for (int age = keep - 1; age >= 1; --age)
    if (path_exists(older_checkpoint(path, age)))
      rename_path(older_checkpoint(path, age), older_checkpoint(path, age + 1));
  rename_path(replaced, older_checkpoint(path, 1));
}

/// Puts a folder that `fill` writes in the place of the checkpoint at `given`.
void replace_checkpoint(const fs::path& given, const SaveOptions& options,
                        FunctionRef<void(const fs::path& temporary)> fill) {
  const auto before = [&](std::string_view step) {
    if (options.before) options.before(step);
  };
  const fs::path path = given.has_filename() ? given : given.parent_path();  // "last/" is "last"
  const fs::path temporary = str_cat(path.string(), ".tmp-", getpid());
  const fs::path old = checkpoint_format::old_path(path);
  if (path_exists(path) && !is_checkpoint(path))
    throw UsageError(str_cat("'", path.string(),
                             "' exists and is no checkpoint; give another path, or remove it"));

  before("make the parent folder");
  on_disk(path, [&](std::error_code& error) { fs::create_directories(parent_of(path), error); });
  before("remove left-overs");
  remove_left_overs(path);

  before("make the temporary folder");
  const TemporaryFolder folder(temporary);
  fill(temporary);

  before("put it in place");
  const bool exchanged = path_exists(path) && options.exchange && exchange_paths(temporary, path);
  if (!exchanged) {
    if (path_exists(path)) {
      remove_folder(old);
      before("set the old one aside");
      rename_path(path, old);
      before("put it in its place");
    }
    rename_path(temporary, path);
  }
  before("sync the parent folder");
  sync_folder(parent_of(path));
  before("remove the old one");
  set_aside(exchanged ? temporary : old, path, options.keep);
  if (exchanged) remove_folder(old);
}

}  // namespace

fs::path older_checkpoint(const fs::path& path, int age) {
  return str_cat(path.string(), ".", age);
}

void save_checkpoint(const fs::path& path, const Checkpoint& checkpoint, const Variables& store,
                     const SaveOptions& options) {
  check_files(checkpoint);
  const auto before = [&](std::string_view step) {
    if (options.before) options.before(step);
  };
  replace_checkpoint(path, options, [&](const fs::path& temporary) {
    std::map<std::string, FileSummary> files;
    before("write the variables");
    files[checkpoint_format::variables] =
        write_safetensors(temporary / checkpoint_format::variables, contents_of(store));
    for (const auto& [name, contents] : checkpoint.files) {
      before("write a file");
      files[name] = write_file_atomically(temporary / name, contents);
    }
    before("write the description");
    write_file_atomically(temporary / checkpoint_format::description,
                          description_of(checkpoint, store, files));
  });
}

void copy_checkpoint(const fs::path& from, const fs::path& to, const SaveOptions& options) {
  replace_checkpoint(to, options, [&](const fs::path& temporary) {
    on_disk(to, [&](std::error_code& error) {
      for (const auto& entry : fs::directory_iterator(from, error)) {
        const fs::path copy = temporary / entry.path().filename();
        // One file under two names; where the file system has no such thing, its bytes again.
        fs::create_hard_link(entry.path(), copy, error);
        if (error) write_file_atomically(copy, read_file(entry.path()));
        error.clear();
      }
    });
    sync_folder(temporary);
  });
}

}  // namespace abax
