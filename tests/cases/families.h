// The families of cases: one function each, in tests/cases/<family>.cpp.
#pragma once

#include "tests/cases/case.h"

namespace abax::cases {

Family elementwise_family();
Family lookup_family();
Family matmul_family();
Family random_family();
Family reduce_family();
Family shape_family();

}  // namespace abax::cases
