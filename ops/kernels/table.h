// The kernels of one SIMD level: a pointer a family, to a struct of function pointers.
//
// A family f declares `struct FKernels` in ops/kernels/f.h (plain functions over raw pointers and
// sizes) and defines `const FKernels f_kernels` once a level in its kernel source; level_table.cpp
// collects them.
#pragma once

#include "core/base/level.h"

namespace abax {

struct AttentionKernels;
struct ConvolutionKernels;
struct DropoutKernels;
struct ElementwiseKernels;
struct GatedKernels;
struct GemmKernels;
struct GruKernels;
struct LookupKernels;
struct LossKernels;
struct NormaliseKernels;
struct PositionKernels;
struct QuantiseKernels;
struct RandomKernels;
struct RecurrentKernels;
struct ReduceKernels;
struct ShapeKernels;
struct UpdateKernels;

struct Kernels {
  const AttentionKernels* attention;
  const ConvolutionKernels* convolution;
  const DropoutKernels* dropout;
  const ElementwiseKernels* elementwise;
  const GatedKernels* gated;
  const GemmKernels* gemm;
  const GruKernels* gru;
  const LookupKernels* lookup;
  const LossKernels* loss;
  const NormaliseKernels* normalise;
  const PositionKernels* position;
  const QuantiseKernels* quantise;
  const RandomKernels* random;
  const RecurrentKernels* recurrent;
  const ReduceKernels* reduce;
  const ShapeKernels* shape;
  const UpdateKernels* update;
};

namespace sse2 {
extern const Kernels kernel_table;
}
namespace avx2 {
extern const Kernels kernel_table;
}
namespace avx512 {
extern const Kernels kernel_table;
}

/// The kernels that were compiled for `level`. Only call them where the machine has that level.
inline const Kernels& kernels(Level level) {
  return *at_level(level, &sse2::kernel_table, &avx2::kernel_table, &avx512::kernel_table);
}

}  // namespace abax
