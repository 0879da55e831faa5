// Kernel source: the table of the level that this file is compiled for.
#include "ops/kernels/table.h"

namespace abax::ABAX_LEVEL {

// Each is defined in its family's kernel source. Only addresses are taken here, so that the table
// needs no code at start-up.
extern const AttentionKernels attention_kernels;
extern const ConvolutionKernels convolution_kernels;
extern const DropoutKernels dropout_kernels;
extern const ElementwiseKernels elementwise_kernels;
extern const GatedKernels gated_kernels;
extern const GemmKernels gemm_kernels;
extern const GruKernels gru_kernels;
extern const LookupKernels lookup_kernels;
extern const LossKernels loss_kernels;
extern const NormaliseKernels normalise_kernels;
extern const PositionKernels position_kernels;
extern const QuantiseKernels quantise_kernels;
extern const RandomKernels random_kernels;
extern const RecurrentKernels recurrent_kernels;
extern const ReduceKernels reduce_kernels;
extern const ShapeKernels shape_kernels;
extern const UpdateKernels update_kernels;

extern const Kernels kernel_table;
const Kernels kernel_table = {
    .attention = &attention_kernels,
    .convolution = &convolution_kernels,
    .dropout = &dropout_kernels,
    .elementwise = &elementwise_kernels,
    .gated = &gated_kernels,
    .gemm = &gemm_kernels,
    .gru = &gru_kernels,
    .lookup = &lookup_kernels,
    .loss = &loss_kernels,
    .normalise = &normalise_kernels,
    .position = &position_kernels,
    .quantise = &quantise_kernels,
    .random = &random_kernels,
    .recurrent = &recurrent_kernels,
    .reduce = &reduce_kernels,
    .shape = &shape_kernels,
    .update = &update_kernels,
};

}  // namespace abax::ABAX_LEVEL
