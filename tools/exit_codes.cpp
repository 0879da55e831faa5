// From exceptions to exit codes; see exit_codes.h.
#include "tools/exit_codes.h"

#include <iostream>
#include <new>

#include "core/base/error.h"

namespace abax {

int guarded_main(std::string_view tool, FunctionRef<int()> body) {
  const auto failed = [&](ExitCode code, const std::exception& error, std::string_view hint = "") {
    std::cout.flush();
    std::cerr << tool << ": " << error.what() << "\n" << hint;
    return static_cast<int>(code);
  };
  try {
    return body();
  } catch (const UsageError& error) {
    std::cout.flush();
    std::cerr << tool << ": " << error.what() << "\n"
              << "See " << tool << " --help.\n";
    return exit_usage;
  } catch (const DataError& error) {
    return failed(exit_bad_data, error);
  } catch (const CheckpointError& error) {
    return failed(exit_bad_checkpoint, error);
  } catch (const DivergedError& error) {
    return failed(exit_diverged, error);
  } catch (const MemoryError& error) {
    return failed(exit_out_of_memory, error);
  } catch (const std::bad_alloc& error) {
    return failed(exit_out_of_memory, error, "The memory did not suffice: try smaller sizes.\n");
  } catch (const DiskError& error) {
    return failed(exit_disk, error);
  } catch (const std::exception& error) {
    return failed(exit_internal, error, "This is a fault of Abax itself.\n");
  }
}

}  // namespace abax
