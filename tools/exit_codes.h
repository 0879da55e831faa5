// What the tools return to the shell, and the frame of their mains.
#pragma once

#include <string_view>

#include "core/base/function_ref.h"

namespace abax {

enum ExitCode : int {
  exit_ok = 0,
  exit_internal = 1,  // a fault of Abax itself
  exit_usage = 2,
  exit_bad_data = 3,
  exit_bad_checkpoint = 4,
  exit_diverged = 5,
  exit_out_of_memory = 6,  // or of threads
  exit_disk = 7,           // a file, or standard output, could not be written
  exit_hung_up = 129,      // SIGHUP, after saving
  exit_interrupted = 130,  // SIGINT (Ctrl-C), after saving
  exit_closed_pipe = 141,  // nobody reads standard output any more (SIGPIPE); train saves before
  exit_terminated = 143,   // SIGTERM, after saving
};

/// Runs `body` and returns its exit code, or the code of the exception that came out of it, whose
/// message goes to standard error as "tool: message". Where `body` went well but standard output
/// did not take all of its output, that is exit_disk, or quietly exit_closed_pipe.
int guarded_main(std::string_view tool, FunctionRef<int()> body);

}  // namespace abax
