// The kernels of an op of one's own: what is compiled once a SIMD level.
#pragma once

#include <abax/core/base/tile.h>

namespace my {

struct SwigluKernels {
  abax::TileFunction forward;  // a, b
  void (*gradient)(const float* a, const float* b, const float* dy, float* da, float* db,
                   std::int64_t count);
  std::int64_t width;  // floats at a time
};
namespace sse2 {
extern const SwigluKernels swiglu_kernels;
}
namespace avx2 {
extern const SwigluKernels swiglu_kernels;
}
namespace avx512 {
extern const SwigluKernels swiglu_kernels;
}

}  // namespace my
