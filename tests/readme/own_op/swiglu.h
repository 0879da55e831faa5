// An op of one's own, and its kernels, which are compiled once a SIMD level.
#pragma once

#include <abax/graph.h>

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

/// Of a level.
SwigluKernels kernels_of(abax::Level level);

/// a sigmoid(a) b (Shazeer 2020, "GLU variants improve Transformer", eq. 6): f32 of one shape.
abax::Value swiglu(abax::Operand a, abax::Operand b);

}  // namespace my
