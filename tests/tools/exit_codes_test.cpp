// Exceptions become exit codes and messages; signals become a question.
#include "tools/exit_codes.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <new>
#include <sstream>
#include <system_error>

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
  CHECK(outcome_of(ThreadError("use fewer")).code == 6);
  CHECK(outcome_of(ThreadError("use fewer")).message == "tool: use fewer\n");
  const auto system = [](std::errc code) { return std::system_error(std::make_error_code(code)); };
  CHECK(outcome_of(system(std::errc::resource_unavailable_try_again)).code == 6);
  CHECK(outcome_of(system(std::errc::resource_unavailable_try_again)).message.find("--threads") !=
        std::string::npos);
  CHECK(outcome_of(system(std::errc::invalid_argument)).code == 1);
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
  for (const auto& [signal, code] : {std::pair{SIGTERM, 143}, {SIGHUP, 129}, {SIGPIPE, 141}}) {
    std::signal(signal, SIG_DFL);  // whoever runs the tests may ignore a hang-up, as nohup does
    const InterruptGuard guard;
    CHECK_FALSE(guard.came());
    std::raise(signal);
    CHECK(guard.exit_code() == code);
  }
}

TEST_CASE("a closed pipe is noted with every write, and hides no other signal") {
  const InterruptGuard guard;
  std::raise(SIGPIPE);
  std::raise(SIGPIPE);
  CHECK(guard.exit_code() == 141);
  std::raise(SIGTERM);
  std::raise(SIGPIPE);
  CHECK(guard.exit_code() == 143);
}

TEST_CASE("a hang-up that is ignored stays ignored, as nohup wants it") {
  std::signal(SIGHUP, SIG_IGN);
  {
    const InterruptGuard guard;
    std::raise(SIGHUP);
    CHECK_FALSE(guard.came());
  }
  std::signal(SIGHUP, SIG_DFL);
}

namespace {

/// The exit code of a tool that prints so much into `descriptor`, with SIGPIPE ignored.
int code_of_printing(int descriptor, std::size_t bytes, int code = exit_ok) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGPIPE, SIG_IGN);
    dup2(descriptor, STDOUT_FILENO);
    dup2(descriptor, STDERR_FILENO);
    _exit(guarded_main("tool", [&] {
      std::cout << std::string(bytes, 'x');
      return code;
    }));
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("errors of standard output are exit 7, a closed pipe ends quietly") {
  const int full = open("/dev/full", O_WRONLY), null = open("/dev/null", O_WRONLY);
  REQUIRE(full >= 0);
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  close(ends[0]);
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{100'000}}) {
    CHECK(code_of_printing(full, bytes) == exit_disk);
    CHECK(code_of_printing(null, bytes) == exit_ok);
    CHECK(code_of_printing(ends[1], bytes) == exit_closed_pipe);
    // What went wrong before says more. (Of many bytes the failure is met in mid-work.)
    CHECK(code_of_printing(full, 1, exit_diverged) == exit_diverged);
  }
  CHECK(code_of_printing(full, 0) == exit_ok);
  for (const int descriptor : {full, null, ends[1]}) close(descriptor);
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
