// The caller's place in the source, as a default argument: SourceLocation::current().
#pragma once

#include <source_location>

// clang++ 14 lacks the builtin that libstdc++'s std::source_location asks for.
#ifndef __cpp_lib_source_location
#include <experimental/source_location>
#endif

namespace abax {

#ifdef __cpp_lib_source_location
using SourceLocation = std::source_location;
#else
using SourceLocation = std::experimental::source_location;
#endif

}  // namespace abax
