// Threads: loops reach every index once with any number of threads, exceptions come out.
#include "core/base/parallel.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <limits>
#include <set>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/error.h"

namespace abax {

TEST_CASE("workers: every index once, with 1, 2, 4 and 8 threads") {
  for (const int threads : {1, 2, 4, 8}) {
    Workers workers(threads);
    CHECK(workers.threads() == threads);
    for (const std::int64_t count : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(count));
      workers.run([&] {
        workers.loop(count, [&](std::int64_t i) { ++seen[static_cast<std::size_t>(i)]; });
      });
      for (const auto& times : seen) CHECK(times == 1);
    }
  }
}

TEST_CASE("workers: more threads than CPUs really run side by side") {
  // Each of the four waits until all are there; with fewer threads this would never end.
  Workers workers(4);
  std::atomic<int> arrived = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  workers.run([&] {
    workers.loop(4, [&](std::int64_t) {
      ++arrived;
      while (arrived < 4 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    });
  });
  CHECK(std::chrono::steady_clock::now() < deadline);
}

TEST_CASE("workers: one thread runs everything on the caller's") {
  Workers workers(1);
  std::set<std::thread::id> ids;
  workers.run(
      [&] { workers.loop(100, [&](std::int64_t) { ids.insert(std::this_thread::get_id()); }); });
  CHECK(ids == std::set{std::this_thread::get_id()});
}

TEST_CASE("workers: loops inside loops") {
  for (const int threads : {1, 2, 4}) {
    Workers workers(threads);
    std::atomic<int> sum = 0;
    workers.run([&] {
      workers.loop(5, [&](std::int64_t i) {
        workers.loop(7, [&](std::int64_t j) { sum += static_cast<int>(10 * i + j); });
      });
    });
    CHECK(sum == 7 * 10 * 10 + 5 * 21);
  }
}

TEST_CASE("workers: while it waits for its loop, a thread takes no work from outside") {
  // The outer loop's tasks must not nest: a thread inside one may only help with its inner loop.
  Workers workers(4);
  std::atomic<bool> nested = false;
  workers.run([&] {
    workers.loop(64, [&](std::int64_t) {
      static thread_local int depth = 0;
      if (++depth > 1) nested = true;
      workers.loop(8, [](std::int64_t) { std::this_thread::yield(); });
      --depth;
    });
  });
  CHECK_FALSE(nested);
}

TEST_CASE("workers: an exception comes out, and the workers go on") {
  for (const int threads : {1, 2, 8}) {
    Workers workers(threads);
    const auto fail = [&] {
      workers.run([&] {
        workers.loop(100, [](std::int64_t i) {
          if (i == 40) throw DataError("element 40 is bad");
        });
      });
    };
    CHECK_THROWS_WITH_AS(fail(), "element 40 is bad", DataError);
    std::atomic<int> count = 0;
    workers.run([&] { workers.loop(10, [&](std::int64_t) { ++count; }); });
    CHECK(count == 10);
  }
}

TEST_CASE("workers: several groups in several threads") {
  std::atomic<int> count = 0;
  std::vector<std::thread> users;
  for (int user = 0; user < 3; ++user)
    users.emplace_back([&] {
      Workers workers(2);
      workers.run([&] { workers.loop(50, [&](std::int64_t) { ++count; }); });
    });
  for (std::thread& user : users) user.join();
  CHECK(count == 150);
}

TEST_CASE("workers: a negative number is refused, 0 is the CPUs at hand") {
  CHECK_THROWS_AS(Workers(-1), UsageError);
  CHECK_THROWS_WITH_AS(Workers(1025), doctest::Contains("at most 1024, not 1025"), UsageError);
  CHECK_THROWS_AS(Workers{std::numeric_limits<int>::max()}, UsageError);
  CHECK(available_cpus() >= 1);
  CHECK(Workers().threads() == available_cpus());
}

#ifndef ABAX_SANITIZED  // whose shadow memory knows no limit
TEST_CASE("workers: where the system gives fewer threads, an error says how many") {
  // In a process of its own: with 200 MiB beyond what it has, 1000 stacks do not fit.
  const pid_t child = fork();
  if (child == 0) {
    std::ifstream statm("/proc/self/statm");
    rlim_t pages = 0;
    statm >> pages;
    const rlim_t bytes = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (200u << 20);
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_AS, &limit);
    try {
      Workers workers(1000);
    } catch (const ThreadError& error) {
      const std::string_view message = error.what();
      if (!message.starts_with("of 1000 threads the system gives ")) _exit(2);
      Workers(1).run([] {});
      _exit(0);
    }
    _exit(1);
  }
  REQUIRE(child > 0);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif

}  // namespace abax
