// Threads: the only file, with its source, that names oneTBB.
#pragma once

#include <cstdint>
#include <memory>

#include "core/base/function_ref.h"
#include "core/base/lifetime.h"

namespace abax {

/// The CPUs that this process may use: the least of its affinity mask and its cgroup's quota
/// (v1 and v2, nested groups too), rounded up, at least 1.
int available_cpus();

/// A group of threads of its own. What is computed never depends on how many there are: the caller
/// fixes the parts, the threads only share them out.
class Workers {
 public:
  /// More would only hold each other up.
  static constexpr int max_threads = 1024;

  /// `threads` = 0: one a CPU that this process may use. Throws UsageError on a negative number or
  /// more than max_threads, ThreadError where the system does not give as many.
  explicit Workers(int threads = 0);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int threads() const { return threads_; }
  /// For users that may outlive these workers by mistake.
  std::weak_ptr<const void> watch() const { return lifetime_.watch(); }

  /// Runs `body` among these threads and waits for it; loops inside use them.
  void run(FunctionRef<void()> body);

  /// Calls body(i) for every i in [0, count), in any order, side by side. It waits for all of them,
  /// and meanwhile takes no work from outside the loop. The first exception thrown comes out.
  /// Must be called from inside run().
  void loop(std::int64_t count, FunctionRef<void(std::int64_t)> body);

 private:
  struct Arena;
  int threads_;
  std::unique_ptr<Arena> arena_;
  Lifetime lifetime_;
};

}  // namespace abax
