// Claiming, locking and looking through the folder of a run.
#include "tools/training/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/checkpoint.h"
#include "core/io/file.h"

namespace abax {
namespace {

namespace fs = std::filesystem;

constexpr const char* lock_file = ".lock";

std::string reason(int error) { return std::generic_category().message(error); }

/// Makes a folder with its parents; false where it is there already.
bool make_folder(const fs::path& path) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  const bool made = !error && fs::create_directory(path, error);
  if (error)
    throw DiskError(str_cat("cannot make the folder ", path.string(), ": ", error.message()));
  return made;
}

/// runs/MODEL-1, -2, ..: making the folder is what claims it, so that no two processes share one.
fs::path fresh_folder(const std::string& model) {
  for (int i = 1;; ++i)
    if (fs::path path = str_cat("runs/", model, "-", i); make_folder(path)) return path;
}

/// What was being written when a process died; whoever holds the lock knows that none is writing.
void remove_half_written(const fs::path& run) {
  const auto ours = [](const std::string& name) {
    for (const char* written : {"last", "best", "config.toml", "metrics.jsonl"})
      if (name.starts_with(str_cat(written, ".tmp-"))) return true;
    return name.find(".png.tmp-") != std::string::npos;
  };
  std::error_code ignored;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(run, ignored))
    if (ours(entry.path().filename().string())) found.push_back(entry.path());
  for (const fs::path& path : found) fs::remove_all(path, ignored);
}

/// A run that replaces its checkpoint replaces all that lies in it.
void check_no_checkpoint_above(const fs::path& out) {
  for (fs::path path = fs::absolute(out).lexically_normal(); path != path.root_path();
       path = path.parent_path())
    if (checkpoint_step(path))
      throw UsageError(str_cat("--out: ", path.string(),
                               " is a checkpoint, which its run replaces with all that lies in it; "
                               "choose another folder"));
}

}  // namespace

fs::path checkpoint_path(const fs::path& run) { return run / "last"; }
fs::path best_path(const fs::path& run) { return run / "best"; }

std::vector<fs::path> checkpoints_of(const fs::path& run) {
  std::vector<std::pair<std::int64_t, fs::path>> found;
  const auto look = [&](const fs::path& path) {
    const std::optional<std::int64_t> step = checkpoint_step(path);
    if (step) found.emplace_back(*step, path);
    return path_exists(path);
  };
  look(checkpoint_path(run));
  look(best_path(run));
  for (int age = 1; look(older_checkpoint(checkpoint_path(run), age));) ++age;
  std::ranges::stable_sort(found, std::ranges::greater{},
                           [](const auto& one) { return one.first; });
  std::vector<fs::path> paths;
  for (auto& [step, path] : found) paths.push_back(std::move(path));
  return paths;
}

RunFolder::RunFolder(fs::path path) : path_(std::move(path)) {}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

RunFolder::~RunFolder() {
  if (lock_ >= 0) close(lock_);
}

void RunFolder::lock() {
  const fs::path path = path_ / lock_file;
  lock_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0) throw DiskError(str_cat("cannot write '", path.string(), "': ", reason(errno)));
  if (flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
  if (errno == EWOULDBLOCK)
    throw UsageError(str_cat(path_.string(),
                             " is in use: another process trains there; wait for its "
                             "end, or choose another folder by --out"));
  close(std::exchange(lock_, -1));  // no locks here
}

RunFolder RunFolder::claim(const std::string& out, const std::string& model) {
  if (!out.empty()) check_no_checkpoint_above(out);
  RunFolder folder(out.empty() ? fresh_folder(model) : fs::path(out));
  make_folder(folder.path_);
  const fs::path& path = folder.path_;
  const auto check_no_run = [&] {
    if (!checkpoints_of(path).empty() || path_exists(checkpoint_path(path)))
      throw UsageError(
          str_cat("--out: ", path.string(),
                  " holds a run already; go on with it by --resume, or choose another folder"));
  };
  check_no_run();
  // Without a lock file the folder is not of a run, and what bears a run's names is another's.
  if (!path_exists(path / lock_file))
    for (const char* name : {"config.toml", "metrics.jsonl"})
      if (path_exists(path / name))
        throw UsageError(str_cat("--out: ", path.string(), " holds a ", name,
                                 ", which a run would write over; choose another folder"));
  folder.lock();
  check_no_run();  // none that began and ended in between
  return folder;
}

RunFolder RunFolder::reopen(const fs::path& run) {
  if (checkpoint_step(run))
    throw UsageError(str_cat("--resume: ", run.string(),
                             " is a checkpoint; name the folder of its run, ",
                             fs::absolute(run).parent_path().string()));
  if (checkpoints_of(run).empty())
    throw CheckpointError(str_cat(
        run.string(), path_exists(run) ? " holds no checkpoint to go on from: neither last nor best"
                                       : ": there is no such folder"));
  RunFolder folder(run);
  folder.lock();
  remove_half_written(run);
  return folder;
}

}  // namespace abax
