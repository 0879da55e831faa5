// The folder of a run: who may write there, and where a run is gone on from.
#include "tools/training/run_folder.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "core/base/error.h"
#include "core/io/checkpoint.h"
#include "tests/io/temporary_folder.h"

namespace abax {
namespace {

namespace fs = std::filesystem;
using doctest::Contains;

void save(const fs::path& path, std::int64_t step) {
  const Variables store;
  save_checkpoint(path, {.step = step}, store);
}

/// Goes to another folder while it lives.
class InFolder {
 public:
  explicit InFolder(const fs::path& path) : before_(fs::current_path()) { fs::current_path(path); }
  ~InFolder() { fs::current_path(before_); }
  InFolder(const InFolder&) = delete;
  InFolder& operator=(const InFolder&) = delete;

 private:
  fs::path before_;
};

}  // namespace

TEST_CASE("run folder: the furthest checkpoint comes first, `last` before others of its step") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  CHECK(checkpoints_of(run).empty());
  save(best_path(run), 20);
  CHECK(checkpoints_of(run) == std::vector{run / "best"});
  save(checkpoint_path(run), 10);
  save(run / "last.1", 5);
  save(run / "last.2", 1);
  CHECK(checkpoints_of(run) ==
        std::vector{run / "best", run / "last", run / "last.1", run / "last.2"});
  save(checkpoint_path(run), 20);
  CHECK(checkpoints_of(run).front() == run / "last");
  write_plainly(run / "last/checkpoint.json", "cut");
  CHECK(checkpoints_of(run) == std::vector{run / "best", run / "last.1", run / "last.2"});
}

TEST_CASE("run folder: one process a folder, as long as it lives") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  {
    const RunFolder held = RunFolder::claim(run.string(), "lstm_lm");
    CHECK_THROWS_WITH_AS(RunFolder::claim(run.string(), "lstm_lm"), Contains("is in use"),
                         UsageError);
    save(checkpoint_path(run), 1);
    CHECK_THROWS_WITH_AS(RunFolder::reopen(run), Contains("is in use"), UsageError);
  }
  CHECK_NOTHROW(RunFolder::reopen(run));
  // A process that is killed holds nothing.
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const RunFolder held = RunFolder::reopen(run);
    if (write(ready[1], "x", 1) == 1) pause();
    _exit(1);
  }
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  CHECK_THROWS_AS(RunFolder::reopen(run), UsageError);
  kill(child, SIGKILL);
  REQUIRE(waitpid(child, nullptr, 0) == child);
  CHECK_NOTHROW(RunFolder::reopen(run));
  close(ready[0]);
  close(ready[1]);
}

TEST_CASE("run folder: a new run takes no folder of another, nor writes over files") {
  const TemporaryFolder folder;
  const std::string run = folder / "run";
  for (const char* name : {"last", "best", "last.1"}) {
    CAPTURE(name);
    save(fs::path(run) / name, 1);
    CHECK_THROWS_WITH_AS(RunFolder::claim(run, "lstm_lm"), Contains("holds a run already"),
                         UsageError);
    fs::remove_all(run);
  }
  fs::create_directory(run);
  write_plainly(fs::path(run) / "metrics.jsonl", "mine");
  CHECK_THROWS_WITH_AS(RunFolder::claim(run, "lstm_lm"), Contains("holds a metrics.jsonl"),
                       UsageError);
  CHECK_FALSE(fs::exists(fs::path(run) / ".lock"));
  fs::remove_all(run);
  CHECK_NOTHROW(RunFolder::claim(run, "lstm_lm"));
  // A run that was killed before its first checkpoint has nothing to lose.
  write_plainly(fs::path(run) / "metrics.jsonl", "{}");
  CHECK_NOTHROW(RunFolder::claim(run, "lstm_lm"));
  write_plainly(folder / "file", "");
  CHECK_THROWS_AS(RunFolder::claim(folder / "file/run", "lstm_lm"), DiskError);
}

TEST_CASE("run folder: without a name each run makes one of its own") {
  const TemporaryFolder folder;
  const InFolder inside(folder.path());
  const RunFolder first = RunFolder::claim("", "lstm_lm"), second = RunFolder::claim("", "lstm_lm");
  CHECK(first.path() == "runs/lstm_lm-1");
  CHECK(second.path() == "runs/lstm_lm-2");
}

TEST_CASE("run folder: what a killed process left half written goes, and nothing else") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  save(checkpoint_path(run), 1);
  save(run / "best.tmp-1", 1);
  write_plainly(run / "metrics.jsonl.tmp-1-0", "");
  write_plainly(run / "mine.tmp-1", "");
  RunFolder::reopen(run);
  CHECK(fs::exists(run / "mine.tmp-1"));
  CHECK_FALSE(fs::exists(run / "best.tmp-1"));
  CHECK_FALSE(fs::exists(run / "metrics.jsonl.tmp-1-0"));
}

TEST_CASE("run folder: what cannot be gone on with is said") {
  const TemporaryFolder folder;
  save(folder / "run/last", 1);
  CHECK_THROWS_WITH_AS(RunFolder::reopen(folder / "run/last"), Contains("is a checkpoint; name"),
                       UsageError);
  CHECK_THROWS_WITH_AS(RunFolder::reopen(folder / "none"), Contains("no such folder"),
                       CheckpointError);
  fs::create_directory(folder / "empty");
  CHECK_THROWS_WITH_AS(RunFolder::reopen(folder / "empty"), Contains("neither last nor best"),
                       CheckpointError);
}

}  // namespace abax
