// How well codes agree with labels: homogeneity and completeness (Rosenberg and Hirschberg 2007).
//
//     const EncodedItems items = encode(coder, batches);            // codes [items, positions]
//     const Agreement all = agreement(items.codes, items.labels);   // an item's codes as one
//     const double purity = all.homogeneity;                        // 1: each has one label
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/tensor.h"

namespace abax {

/// Of the labels C and the codes K of items; entropies of their frequencies, in nats.
struct Agreement {
  double homogeneity = 1;    // 1 - H(C|K) / H(C): 1 where each code has items of one label alone
  double completeness = 1;   // 1 - H(K|C) / H(K): 1 where each label has items of one code alone
  double label_entropy = 0;  // H(C)
  double code_entropy = 0;   // H(K): bits of the codes times ln 2
  std::int64_t items = 0;    // that have a label
};

/// Eq. 1 and 2, h and c, which are 1 where H(C) or H(K) is 0; all codes of an item are one symbol.
/// Items of label -1 are left out. codes is i32 [items, ..], with at least one axis. Throws
/// ShapeError on another type or number of labels, DataError on a label below -1, UsageError where
/// no item has a label.
Agreement agreement(const Tensor& codes, std::span<const std::int32_t> labels);

/// The same of the codes at each position by themselves: as many as an item has.
std::vector<Agreement> agreement_by_position(const Tensor& codes,
                                             std::span<const std::int32_t> labels);

}  // namespace abax
