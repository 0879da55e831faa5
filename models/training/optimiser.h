// From gradients to new parameters: optimisers, clipping, accumulation over several batches.
//
// The seam is a set of gradients of a *sum* of losses with the count of what was summed. One plan
// may update at once (optimise), or each batch adds to stored sums (accumulate) and a plan of its
// own applies them (apply): with equal data both divide the same sums by the same count.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/graph/graph.h"
#include "models/settings/fields.h"
#include "ops/loss.h"

namespace abax {

struct OptimiserConfig {
  std::string name = "adam";  // "sgd", "adam" or "adamw"
  double momentum = 0;        // of sgd
  double beta1 = 0.9;         // of adam and adamw, as the two below
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;  // adamw: decoupled; else added to the gradient. Not on biases and norms
  double clip = 0;          // largest global norm of the mean gradient; 0: no clipping
  double average = 0;       // decay of the parameters' moving average; 0: none
};

void fields(Fields& f, OptimiserConfig& config);

/// The names of the optimisers, for help and messages.
const std::vector<std::string>& optimiser_names();

/// A loss and its gradients for the trainable parameters of its graph.
struct Gradients {
  std::vector<Value> parameters;
  std::vector<Value> sums;  // of the loss's sum, one a parameter
  Value count;              // [] f32
};
/// Throws UsageError where the graph has no parameter to train.
Gradients gradients_of(const Loss& loss);

/// Assigns new values to the parameters and the optimiser's state, which are saved under
/// "optimiser". The graph gets an input "learning_rate" [] f32. Returns the global norm of the mean
/// gradient before clipping, []. Throws UsageError on an unknown optimiser.
Value optimise(const OptimiserConfig& config, const Gradients& gradients);

/// With OptimiserConfig::average = d, optimise() keeps a moving average of every parameter as saved
/// state "average/<name>": average += (1 - d_t) (parameter - average) after update t = 1, 2, ...,
/// where d_t = min(d, (t - 1) / (t + 9)), so that the first values are soon forgotten (Polyak and
/// Juditsky 1992; the warm-up as in TensorFlow's ExponentialMovingAverage).
bool has_averages(const Variables& store);
/// Exchanges the parameters' values with their averages: once before an evaluation by the averaged
/// model, once after it. Parameters without an average stay as they are.
void exchange_averages(Variables& store);

/// Adds the gradients and the count to the saved state "accumulated/..".
void accumulate(const Gradients& gradients);
/// In a graph of its own on the same store: what accumulate() has summed, for optimise(). The sums
/// are zeros again after the run.
Gradients accumulated(Graph& graph);

}  // namespace abax
