// Whether every step of a plan finds the values that it reads, by following who wrote each byte.
#pragma once

#include <string>

#include "core/plan/compile.h"

namespace abax::test {

/// "" where all is well, else what is wrong. Looks at addresses alone and runs nothing.
std::string check_memory(const Plan& plan);

}  // namespace abax::test
