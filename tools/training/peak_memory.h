// How much memory this process has held.
#pragma once

#include <cstddef>

namespace abax {

/// The most resident bytes of this process so far (Linux: VmHWM of /proc/self/status), 0 where that
/// cannot be read.
std::size_t peak_memory();
/// The bytes of this machine's memory.
std::size_t physical_memory();

}  // namespace abax
