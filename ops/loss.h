// Losses as a sum and a count, so that padding weighs nothing and evaluations add up exactly.
//
//     const Loss loss = cross_entropy(logits, targets);  // [time, batch, vocabulary], [time,
//     batch] const Value objective = mean(loss);                // what gradients() takes
#pragma once

#include "core/graph/graph.h"
#include "core/graph/loss.h"

namespace abax {

/// sum / max(count, 1).
Value mean(const Loss& loss, SourceLocation where = SourceLocation::current());

struct CrossEntropyOptions {
  int ignored = -1;     // the target that does not count
  float smoothing = 0;  // in [0, 1]: this part of each target is spread evenly over all classes
};

/// -log softmax(logits)[target], summed over the targets other than `ignored`; with `smoothing` s
/// it is (1 - s) times that plus s times the mean of -log softmax(logits) over all classes (Szegedy
/// et al. 2016, section 7; PyTorch's label_smoothing). logits is f32 [.., classes] with at least
/// one class, targets is i32 [..]. The sum is taken in double, in a fixed order. Output 2 of the
/// node is log(sum(exp(logits))), [..]. Throws ShapeError on other shapes or types, UsageError on a
/// smoothing outside [0, 1]; at run time DataError on a target that is neither `ignored` nor in [0,
/// classes).
Loss cross_entropy(Operand logits, Operand targets, CrossEntropyOptions options = {});

}  // namespace abax
