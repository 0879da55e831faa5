// <abax/simd.h>: registers of a SIMD level and their functions, for kernel sources of a user's own.
//
// Such a source is compiled once a level, with -DABAX_LEVEL=sse2, avx2 or avx512 and the flags that
// `pkg-config --variable=kernel_flags abax` and `--variable=avx2_flags abax` (and so on) tell, or
// by CMake's abax_add_kernels(target source). It needs the headers of xsimd (libxsimd-dev).
//
//     namespace my::ABAX_LEVEL {
//     using namespace abax::ABAX_LEVEL;
//     void twice(const float* x, float* y, std::int64_t count) {
//       for_each_vector(count, [=](std::int64_t i, auto lanes) {
//         store(y + i, F(2.f) * load(x + i, lanes), lanes);
//       });
//     }
//     }  // namespace my::ABAX_LEVEL
//
// The op declares the three and takes the one of its level when it is compiled:
// `at_level(signature.level, sse2::twice, avx2::twice, avx512::twice)`.
#pragma once

#include "core/base/simd.h"
#include "core/base/simd_math.h"
#include "core/base/tile_kernels.h"
