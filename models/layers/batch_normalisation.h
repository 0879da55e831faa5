// Batch normalisation (Ioffe and Szegedy 2015) to a given deviation: of what must not become alike
// for all items.
#pragma once

#include "core/graph/graph.h"

namespace abax {

/// x f32 [batch, .., width], each of the width's columns scaled to the deviation `deviation` around
/// a learned value, the parameter normalised/shift [width] (zeros, without weight decay), over the
/// batch's items and their positions. In a training graph mean and variance are those of the batch,
/// as much as `weights` [batch] say: UsageError without them, ShapeError on others. In an
/// evaluation graph they are moving averages over the batches trained on, frozen parameters
/// normalised/{mean, variance} [width]; constants are those of PyTorch's BatchNorm1d. `what` begins
/// messages.
Value normalise_over_batch(Operand x, double deviation, Value weights, std::string_view what);

}  // namespace abax
