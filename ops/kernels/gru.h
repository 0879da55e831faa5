// Kernels of the GRU: a time step for some of the hidden units, forward and back.
//
// Gates stand in the order r, z, n along an axis of 3 * hidden, as in PyTorch. Rows are contiguous.
// Units go in blocks of `units`; the packed weights likewise.
#pragma once

#include <cstdint>

namespace abax {

/// Step t forward.
struct GruStep {
  std::int64_t batch, hidden, t, time;
  const std::int32_t* lengths;  // [batch], or null where all rows are `time` long
  const float* pre;             // [batch, 3 hidden]: x W + b
  const float* h;               // [batch, hidden] before the step
  const float* weight;          // packed by pack_forward
  const float* bias;            // [hidden]: of the recurrent product of n
  float* gates;                 // [batch, 4 hidden]: r, z, n, and the h U + bias that r multiplies
  float* y;                     // [batch, hidden]
  float* last_h;                // [batch, hidden], written where the step is a row's last
};

/// Step t backward.
struct GruBackStep {
  std::int64_t batch, hidden, t, time;
  const std::int32_t* lengths;
  const float* weight;  // packed by pack_backward
  const float* next;    // [batch, 3 hidden]: dproduct of step t + 1; null at the last step
  const float* gates;   // [batch, 4 hidden]
  const float* h;       // [batch, hidden] before the step
  const float* dy;      // [batch, hidden], or null for zeros, as the next one
  const float* dlast_h;
  float* carry;     // [batch, hidden]: what flows to the step before beside the product
  float* dpre;      // [batch, 3 hidden]
  float* dproduct;  // [batch, 3 hidden]: of the recurrent product, which differs in n
};

struct GruKernels {
  std::int64_t units;  // hidden units a block: a panel of the matrix product

  /// Packs weight [hidden, 3 hidden] for blocks [first, last): block b takes hidden * 3 * units
  /// floats from packed + b * that.
  void (*pack_forward)(const float* weight, std::int64_t hidden, std::int64_t first,
                       std::int64_t last, float* packed);
  /// The same of its transpose.
  void (*pack_backward)(const float* weight, std::int64_t hidden, std::int64_t first,
                        std::int64_t last, float* packed);
  /// The units of the blocks [first, last). `product` holds batch * 3 * units floats.
  void (*step)(const GruStep& step, std::int64_t first, std::int64_t last, float* product);
  /// The same backward. `product` holds batch * units floats.
  void (*back_step)(const GruBackStep& step, std::int64_t first, std::int64_t last, float* product);
  /// dh0 after the step t = 0, given as `next` of a step t = -1.
  void (*back_start)(const GruBackStep& step, std::int64_t first, std::int64_t last, float* product,
                     float* dh0);
};

}  // namespace abax
