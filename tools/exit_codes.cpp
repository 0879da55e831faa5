// From exceptions to exit codes; see exit_codes.h.
#include "tools/exit_codes.h"

#include <cerrno>
#include <iostream>
#include <new>
#include <system_error>

#include "core/base/error.h"
#include "core/base/text.h"
#include "tools/standard_output.h"

namespace abax {

namespace {

int run(std::string_view tool, FunctionRef<int()> body, StandardOutput& output) {
  const auto failed = [&](ExitCode code, const std::exception& error, std::string_view hint = "") {
    output.finish();
    std::cerr << tool << ": " << error.what() << "\n" << hint;
    return static_cast<int>(code);
  };
  try {
    return body();
  } catch (const OutputError&) {
    return exit_ok;  // guarded_main says what came of it
  } catch (const UsageError& error) {
    return failed(exit_usage, error, str_cat("See ", tool, " --help.\n"));
  } catch (const DataError& error) {
    return failed(exit_bad_data, error);
  } catch (const CheckpointError& error) {
    return failed(exit_bad_checkpoint, error);
  } catch (const DivergedError& error) {
    return failed(exit_diverged, error);
  } catch (const MemoryError& error) {
    return failed(exit_out_of_memory, error);
  } catch (const ThreadError& error) {
    return failed(exit_out_of_memory, error);
  } catch (const std::bad_alloc& error) {
    return failed(exit_out_of_memory, error, "The memory did not suffice: try smaller sizes.\n");
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::resource_unavailable_try_again)
      return failed(exit_internal, error, "This is a fault of Abax itself.\n");
    return failed(exit_out_of_memory, error,
                  "The system gives this process no further thread: give a lower --threads, or a "
                  "higher limit (ulimit -u).\n");
  } catch (const DiskError& error) {
    return failed(exit_disk, error);
  } catch (const std::exception& error) {
    return failed(exit_internal, error, "This is a fault of Abax itself.\n");
  }
}

}  // namespace

int guarded_main(std::string_view tool, FunctionRef<int()> body) {
  StandardOutput output;
  const int code = run(tool, body, output);
  const int error = output.finish();
  if (error == 0 || code != exit_ok) return code;
  if (error == EPIPE) return exit_closed_pipe;
  std::cerr << tool
            << ": cannot write to standard output: " << std::generic_category().message(error)
            << "\n";
  return exit_disk;
}

}  // namespace abax
