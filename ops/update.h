// Optimiser updates and the norm that clipping needs, as ops: gradients in, new values out.
//
//     const UpdateScalars scalars{rate, step, clip_by_global_norm(gradients, 0.25f).scale};
//     update_adam(weight, weight_gradient, scalars, {});  // assigns weight and its moments
//
// Each update is one pass over memory. Its results may be written over the parameter and the
// moments. Here is what one parameter needs; the loop over a model's parameters is
// models/training/optimiser.h.
#pragma once

#include <span>

#include "core/graph/graph.h"

namespace abax {

/// What all updates of a step share, each f32 [].
struct UpdateScalars {
  Value learning_rate;
  Value step;            // how many updates there are with this one: 1 at the first
  Value gradient_scale;  // multiplies every gradient first: from clipping, from averaging
};

struct SgdOptions {
  double momentum = 0;  // >= 0
  bool nesterov = false;
  double weight_decay = 0;  // >= 0, added to the gradient times the parameter
};

/// A parameter and the state of its optimiser. All are f32 of one shape.
struct SgdState {
  Value parameter;
  Value momentum;  // empty where the momentum is 0
};

/// Stochastic gradient descent as in PyTorch (Sutskever et al. 2013, section 2, with the learning
/// rate outside the velocity): velocity = momentum * velocity + g, parameter -= rate * velocity;
/// nesterov takes g + momentum * velocity instead. Throws ShapeError where shapes or types differ,
/// UsageError on options out of range.
SgdState sgd(const SgdState& state, Operand gradient, const UpdateScalars& scalars,
             const SgdOptions& options = {});

struct AdamOptions {
  double beta1 = 0.9;       // in [0, 1)
  double beta2 = 0.999;     // in [0, 1)
  double epsilon = 1e-8;    // > 0, added to the root of the corrected second moment
  double weight_decay = 0;  // >= 0
};

struct AdamState {
  Value parameter;
  Value first, second;  // moments
};

/// Adam (Kingma and Ba 2015, algorithm 1). Weight decay is added to the gradient, as in PyTorch's
/// Adam. Throws like sgd.
AdamState adam(const AdamState& state, Operand gradient, const UpdateScalars& scalars,
               const AdamOptions& options = {});
/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2, with the decay times
/// the learning rate, as in PyTorch).
AdamState adamw(const AdamState& state, Operand gradient, const UpdateScalars& scalars,
                const AdamOptions& options = {});

/// The same on a parameter of the graph: the moments are saved state of its name under "optimiser",
/// zeros at first, and everything new is assigned at the end of the run. There is no weight decay
/// where the variable says so. Throws UsageError where `parameter` reads no variable.
void update_sgd(Value parameter, Operand gradient, const UpdateScalars& scalars,
                const SgdOptions& options = {});
void update_adam(Value parameter, Operand gradient, const UpdateScalars& scalars,
                 const AdamOptions& options = {});
void update_adamw(Value parameter, Operand gradient, const UpdateScalars& scalars,
                  const AdamOptions& options = {});

/// The Euclidean norm of all elements of all values (f32, at least one), f32 []. Squares are summed
/// in f32 by 1,024, these sums in double, in a fixed order. Throws ShapeError on another type,
/// UsageError on an empty list.
Value global_norm(std::span<const Value> values, SourceLocation where = SourceLocation::current());

struct Clipping {
  Value norm;   // of the gradients as they came, f32 []
  Value scale;  // min(1, limit / (norm + 1e-6)), f32 []: what clips them when it multiplies them
};

/// Clipping by global norm (Pascanu, Mikolov and Bengio 2013, algorithm 1; constants of PyTorch).
/// No gradient is rewritten: the scale goes into UpdateScalars. Throws like global_norm.
Clipping clip_by_global_norm(std::span<const Value> gradients, Operand limit);

}  // namespace abax
