// Losses as a sum and a count, so that padding weighs nothing and evaluations add up exactly.
//
//     const Loss loss = cross_entropy(logits, targets);  // [.., classes] and i32 [..]
//     const Value objective = mean(loss);                // what gradients() takes
//     const Loss error = mse(output, target);            // two of one shape
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
/// one class, targets is i32 [..]. The sum is taken in double, in a fixed order. Throws ShapeError
/// on other shapes or types, UsageError on a smoothing outside [0, 1]; at run time DataError on a
/// target that is neither `ignored` nor in [0, classes).
Loss cross_entropy(Operand logits, Operand targets, CrossEntropyOptions options = {});

/// The same row by row, for weights a row or bounds a sequence.
///
///     const Value nats = cross_entropy_rows(logits, targets).loss;  // [time, batch]
///     const Value a_sequence = sum(nats, 0);                        // [batch]
struct CrossEntropyRows {
  Value loss;         // [..]: 0 where the target is `ignored`
  Value log_sum_exp;  // log(sum(exp(logits))), [..]; no gradient flows through it
};
CrossEntropyRows cross_entropy_rows(Operand logits, Operand targets,
                                    CrossEntropyOptions options = {});

/// Squared differences, summed over all elements (those that count): f32 of one shape, which is not
/// broadcast. `weights`, f32 or u8 (a mask) of a shape that broadcasts to it, multiply the elements
/// and are what is counted: mean() is then the weighted mean. Throws ShapeError on other shapes or
/// types.
Loss mse(Operand output, Operand target, Value weights = {});

/// -t log(sigmoid(x)) - (1 - t) log(1 - sigmoid(x)) for logits x and targets t in [0, 1] (which is
/// not checked), computed as max(x, 0) - x t + log(1 + exp(-|x|)), so that nothing overflows or
/// cancels: PyTorch's binary_cross_entropy_with_logits. Shapes, weights and errors as for mse.
Loss binary_cross_entropy(Operand logits, Operand targets, Value weights = {});

}  // namespace abax
