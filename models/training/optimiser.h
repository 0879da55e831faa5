// From gradients to new parameters: optimisers, clipping, accumulation over several batches.
//
// The seam is a set of gradients of a *sum* of losses with the count of what was summed. One plan
// may update at once (optimise), or each batch adds to stored sums (accumulate) and a plan of its
// own applies them (apply): with equal data both divide the same sums by the same count.
//
//     optimise({.name = "adam"}, gradients_of(loss));   // reads the input "learning_rate"
//
// Several optimisers in one graph each have a group, which names their rates; each parameter is
// moved by one of them at most. Two rates for one loss, or two losses for parts of a model:
//
//     const Gradients all = gradients_of(loss);
//     optimise({.group = "body"}, all.but("head"));     // reads the input "body/learning_rate"
//     optimise({.group = "head"}, all.of("head"));      // reads the input "head/learning_rate"
//
//     optimise({.group = "maker"}, gradients_of(loss, parameters_of(g, "maker")));
//     optimise({.group = "judge"}, gradients_of(other_loss, parameters_of(g, "judge")));
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/source_location.h"
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
  // For programs; no settings of a run:
  std::string group = {};               // what tells it from other optimisers of the graph
  std::vector<std::string> apart = {};  // parameters whose names begin so are clipped by a norm of
                                        // their own, which is none of the one that is told
};

void fields(Fields& f, OptimiserConfig& config);

/// The names of the optimisers, for help and messages.
const std::vector<std::string>& optimiser_names();

/// A loss and its gradients for parameters of its graph that it reaches.
struct Gradients {
  std::vector<Value> parameters;
  std::vector<Value> sums;  // of the loss's sum, one a parameter
  Value count;              // [] f32
  /// Those of the parameters whose names begin so, or of all others. Throws UsageError where there
  /// is none, naming the nearest parameter.
  Gradients of(std::string_view prefix, SourceLocation where = SourceLocation::current()) const;
  Gradients but(std::string_view prefix, SourceLocation where = SourceLocation::current()) const;
};
/// For the trainable parameters that the graph has so far. Those that the loss does not reach are
/// left out: no update moves them, neither by weight decay. Throws UsageError where none is left,
/// and where the loss is empty or of several elements.
Gradients gradients_of(const Loss& loss, SourceLocation where = SourceLocation::current());
/// For these parameters alone. Throws UsageError besides on what is no trainable parameter of the
/// loss's graph.
Gradients gradients_of(const Loss& loss, std::span<const Value> parameters,
                       SourceLocation where = SourceLocation::current());
/// The trainable, not frozen parameters of the graph whose names begin so. Throws UsageError where
/// there is none, naming the nearest.
std::vector<Value> parameters_of(const Graph& graph, std::string_view prefix,
                                 SourceLocation where = SourceLocation::current());

/// Assigns new values to the parameters and the optimiser's state, which are saved under
/// "optimiser". The graph gets an input "learning_rate" [] f32, with a group "GROUP/learning_rate".
/// Returns the global norm of the mean gradient before clipping, []. Throws UsageError on an
/// unknown optimiser, naming the nearest, on numbers out of range, in an evaluation graph, without
/// gradients, on a second optimiser of the same group, and on a parameter that the graph updates
/// already.
Value optimise(const OptimiserConfig& config, const Gradients& gradients,
               SourceLocation where = SourceLocation::current());

/// With OptimiserConfig::average = d, optimise() keeps a moving average of every parameter as saved
/// state "average/<name>": average += (1 - d_t) (parameter - average) after update t = 1, 2, ...,
/// where d_t = min(d, (t - 1) / (t + 9)), so that the first values are soon forgotten (Polyak and
/// Juditsky 1992; the warm-up as in TensorFlow's ExponentialMovingAverage).
bool has_averages(const Variables& store);
/// Exchanges the parameters' values with their averages: once before an evaluation by the averaged
/// model, once after it; AveragedParameters does both. Parameters without an average stay as they
/// are, and so do all before the first update. Throws UsageError where no parameter has an average.
void exchange_averages(Variables& store, SourceLocation where = SourceLocation::current());

/// The value of a variable of the store, or its average where it has one and an update was made.
const Tensor& averaged_value(const Variables& store, const Variable& variable);

/// While it lives, the parameters are their averages, where there are some. Nothing may train
/// meanwhile.
class AveragedParameters {
 public:
  explicit AveragedParameters(Variables& store);
  ~AveragedParameters();
  AveragedParameters(const AveragedParameters&) = delete;
  AveragedParameters& operator=(const AveragedParameters&) = delete;

 private:
  Variables* store_;  // null where there are none
};

/// Adds the gradients and the count to the saved state "accumulated/..". Throws UsageError in an
/// evaluation graph and where the graph accumulates already.
void accumulate(const Gradients& gradients, SourceLocation where = SourceLocation::current());
/// In a graph of its own on the same store: what accumulate() has summed, for optimise(). The sums
/// are zeros again after the run. Throws UsageError where nothing was accumulated.
Gradients accumulated(Graph& graph, SourceLocation where = SourceLocation::current());

}  // namespace abax
