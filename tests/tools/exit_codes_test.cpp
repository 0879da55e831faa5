// Exceptions become exit codes and messages; signals become a question.
#include "tools/exit_codes.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <new>
#include <sstream>

#include "core/base/error.h"
#include "tools/training/interrupt.h"

using namespace abax;

namespace {

struct Outcome {
  int code;
  std::string message;
};

/// What guarded_main makes of an exception.
template <class Exception>
Outcome outcome_of(const Exception& exception) {
  std::ostringstream captured;
  std::streambuf* const before = std::cerr.rdbuf(captured.rdbuf());
  const int code = guarded_main("tool", [&]() -> int { throw exception; });
  std::cerr.rdbuf(before);
  return {code, captured.str()};
}

}  // namespace

TEST_CASE("exit codes") {
  CHECK(guarded_main("tool", [] { return 0; }) == 0);
  CHECK(guarded_main("tool", [] { return 130; }) == 130);
  CHECK(outcome_of(UsageError("x")).code == 2);
  CHECK(outcome_of(ShapeError("x")).code == 2);
  CHECK(outcome_of(DataError("x")).code == 3);
  CHECK(outcome_of(CheckpointError("x")).code == 4);
  CHECK(outcome_of(DivergedError("x")).code == 5);
  CHECK(outcome_of(MemoryError("x")).code == 6);
  CHECK(outcome_of(std::bad_alloc()).code == 6);
  CHECK(outcome_of(DiskError("x")).code == 7);
  CHECK(outcome_of(std::runtime_error("x")).code == 1);
  CHECK(outcome_of(DataError("line 3 is broken")).message == "tool: line 3 is broken\n");
  CHECK(outcome_of(UsageError("wrong")).message == "tool: wrong\nSee tool --help.\n");
}

TEST_CASE("a signal is noted and gives its exit code") {
  {
    const InterruptGuard guard;
    CHECK_FALSE(guard.came());
    CHECK(guard.exit_code() == 0);
    std::raise(SIGINT);
    CHECK(guard.came());
    CHECK(guard.exit_code() == 130);
  }
  const InterruptGuard guard;
  CHECK_FALSE(guard.came());
  std::raise(SIGTERM);
  CHECK(guard.exit_code() == 143);
}

TEST_CASE("a second signal ends the process") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const InterruptGuard guard;
    std::raise(SIGINT);
    std::raise(SIGINT);
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
}
