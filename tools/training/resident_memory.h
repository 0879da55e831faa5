// How much memory this process holds.
#pragma once

#include <cstddef>

namespace abax {

/// Resident bytes of this process now (Linux: /proc/self/statm), 0 where that cannot be read.
std::size_t resident_memory();

}  // namespace abax
