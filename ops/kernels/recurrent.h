// Kernels of ops/recurrent.h: a time step of an LSTM for some of the hidden units, forward and
// back.
//
// Gates stand in the order i, f, g, o along an axis of 4 * hidden, as in PyTorch. Rows of a step
// are contiguous: `hidden` floats for h and c, 4 * hidden for gates.
#pragma once

#include <cstdint>

namespace abax {

/// Step t forward. Units go in blocks of `forward_units`, the packed weights likewise.
struct LstmStep {
  std::int64_t batch, hidden, t, time;
  const std::int32_t* lengths;  // [batch], or null where all rows are `time` long
  const float* pre;             // [batch, 4 hidden]: x W + b; may be the memory of gates
  const float* h;               // [batch, hidden] before the step, rows h_stride apart
  std::int64_t h_stride;
  const float* c;       // [batch, hidden] before the step
  const float* weight;  // packed by pack_forward
  float* gates;         // [batch, 4 hidden], after their sigmoid or tanh
  float* cells;         // [batch, hidden]
  float* y;             // [batch, hidden]
  float* y_copy;        // [batch, hidden + pad] at strides of copy_stride, or null
  std::int64_t copy_stride;
  float* last_h;  // [batch, hidden], written where the step is a row's last
  float* last_c;
};

/// Step t backward. Units go in blocks of `backward_units`, the packed weights likewise.
struct LstmBackStep {
  std::int64_t batch, hidden, t, time;
  const std::int32_t* lengths;
  const float* weight;  // packed by pack_backward
  const float* next;    // [batch, 4 hidden]: dpre of step t + 1; null at the last step
  std::int64_t next_stride;
  const float* gates;  // [batch, 4 hidden]; may be the memory of dpre
  const float* c;      // before the step
  const float* cells;  // after the step
  const float* dy;     // [batch, hidden], or null for zeros, as the next two
  const float* dlast_h;
  const float* dlast_c;
  float* dc;         // [batch, hidden]: what flows from step to step
  float* dpre;       // [batch, 4 hidden]
  float* dpre_copy;  // [batch, 4 hidden + pad] at strides of copy_stride, or null
  std::int64_t copy_stride;
};

struct RecurrentKernels {
  std::int64_t forward_units;   // hidden units a block forward: one register
  std::int64_t backward_units;  // a block backward: a panel of the matrix product

  /// Packs weight [hidden, 4 hidden] for blocks [first, last): block b takes
  /// hidden * 4 * forward_units floats from packed + b * that.
  void (*pack_forward)(const float* weight, std::int64_t hidden, std::int64_t first,
                       std::int64_t last, float* packed);
  /// Packs its transpose for blocks [first, last): 4 * hidden * backward_units floats a block.
  void (*pack_backward)(const float* weight, std::int64_t hidden, std::int64_t first,
                        std::int64_t last, float* packed);
  /// The units of the blocks [first, last). `product` holds batch * 4 * forward_units floats.
  void (*step)(const LstmStep& step, std::int64_t first, std::int64_t last, float* product);
  /// The same backward. `product` holds batch * backward_units floats.
  void (*back_step)(const LstmBackStep& step, std::int64_t first, std::int64_t last,
                    float* product);
  /// dh0 and dc0 after the step t = 0, given as `next` of a step t = -1.
  void (*back_start)(const LstmBackStep& step, std::int64_t first, std::int64_t last,
                     float* product, float* dh0, float* dc0);
};

}  // namespace abax
