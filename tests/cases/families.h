// The families of cases: one function each, in tests/cases/<family>.cpp.
#pragma once

#include "tests/cases/case.h"

namespace abax::cases {

Family attention_family();
Family convolution_family();
Family dropout_family();
Family elementwise_family();
Family gated_family();
Family lookup_family();
Family loss_family();
Family matmul_family();
Family normalise_family();
Family pooling_family();
Family position_family();
Family quantise_family();
Family random_family();
Family recurrent_family();
Family reduce_family();
Family shape_family();
Family update_family();

}  // namespace abax::cases
