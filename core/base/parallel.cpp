// Threads over oneTBB: an arena of its own for each group of workers.
#include "core/base/parallel.h"

#include <sched.h>
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/base/cgroup.h"
#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

// The CPUs of the affinity mask, which may be wider than the fixed cpu_set_t.
int affinity_cpus() {
  for (int cpus = 1024; cpus <= 1 << 20; cpus *= 4) {
    cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(cpus));
    if (!set) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(cpus));
    const bool ok = sched_getaffinity(0, bytes, set) == 0;
    const int count = ok ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (ok) return std::max(1, count);
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// oneTBB gives no more threads than there are CPUs, in the whole process, unless told otherwise; of
// several such words it heeds the least, and prints a warning. So all workers share one, the
// greatest.
class ThreadLimit {
 public:
  explicit ThreadLimit(int threads) : threads_(threads) {
    const std::lock_guard lock(mutex());
    wanted().insert(threads_);
    apply();
  }
  ~ThreadLimit() {
    const std::lock_guard lock(mutex());
    wanted().erase(wanted().find(threads_));
    apply();
  }
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex mutex;
    return mutex;
  }
  static std::multiset<int>& wanted() {
    static std::multiset<int> wanted;
    return wanted;
  }
  static void apply() {
    static std::optional<tbb::global_control> control;
    const int most = wanted().empty() ? 0 : *wanted().rbegin();
    static int applied = 0;
    if (most == applied) return;
    applied = most;
    control.reset();
    if (most > affinity_cpus())
      control.emplace(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(most));
  }
  int threads_;
};

// Makes `count` threads at once and ends them. oneTBB makes its threads in others of its own, where
// nobody can catch what is thrown; so whether the system gives as many is tried before.
void try_threads(int count) {
  static std::mutex mutex;
  static int most = 0;  // that were made once
  const std::lock_guard lock(mutex);
  if (count <= most) return;
  std::mutex gate;
  std::vector<std::thread> threads;
  std::string problem;
  {
    const std::lock_guard closed(gate);
    try {
      for (int i = 0; i < count; ++i)
        threads.emplace_back([&gate] { const std::lock_guard passed(gate); });
    } catch (const std::exception& error) {
      problem = error.what();
    }
  }
  for (std::thread& thread : threads) thread.join();
  if (!problem.empty())
    throw ThreadError(str_cat("of ", count + 1, " threads the system gives ", threads.size() + 1,
                              " (", problem, "); use fewer, or raise its limit on threads, ",
                              "processes or memory"));
  most = count;
}

}  // namespace

int available_cpus() {
  const int cpus = affinity_cpus();
  const auto cgroups = read_file("/proc/self/cgroup");
  const auto mounts = read_file("/proc/self/mountinfo");
  if (!cgroups || !mounts) return cpus;
  const auto quota =
      cgroup_cpus(*cgroups, *mounts, [](const std::string& path) { return read_file(path); });
  if (!quota || *quota >= cpus) return cpus;
  return std::max(1, static_cast<int>(std::ceil(*quota)));
}

struct Workers::Arena {
  explicit Arena(int threads) : limit(threads), arena(threads) { arena.initialize(); }
  ThreadLimit limit;
  tbb::task_arena arena;
};

Workers::Workers(int threads) : threads_(threads) {
  if (threads < 0 || threads > max_threads)
    throw UsageError(str_cat("a number of threads is at least 1 (or 0 for all CPUs) and at most ",
                             max_threads, ", not ", threads));
  if (threads_ == 0) threads_ = std::min(available_cpus(), max_threads);
  if (threads_ == 1) return;
  try_threads(threads_ - 1);
  arena_ = std::make_unique<Arena>(threads_);
}

Workers::~Workers() = default;

void Workers::run(FunctionRef<void()> body) {
  if (!arena_) return body();
  arena_->arena.execute([&] { body(); });
}

void Workers::loop(std::int64_t count, FunctionRef<void(std::int64_t)> body) {
  if (!arena_ || count <= 1) {
    for (std::int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  // Isolated: a thread that waits here must not start an unrelated step, which could hold it up.
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, count),
                      [&](const tbb::blocked_range<std::int64_t>& range) {
                        for (std::int64_t i = range.begin(); i != range.end(); ++i) body(i);
                      });
  });
}

}  // namespace abax
