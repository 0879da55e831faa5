// How often memory was asked for; see allocation_count.cpp.
#pragma once

#include <dlfcn.h>
#include <doctest/doctest.h>

namespace abax::test {

/// Since the program began, in all its threads.
inline long allocations() {
  using Count = long (*)();
  static const auto count = reinterpret_cast<Count>(dlsym(RTLD_DEFAULT, "abax_allocation_count"));
  REQUIRE_MESSAGE((count != nullptr),
                  "run this by `meson test`, which preloads the counting library");
  return count();
}

}  // namespace abax::test
