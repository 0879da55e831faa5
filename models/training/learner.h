// Training and evaluation of a model: the plans, and one step or one pass with them.
//
// Of a registered model (models/registry.h), or of one's own, which needs no entry there:
//
//     Model line(Graph& g, const BatchShape& shape) {
//       const Value x = g.input("x", {shape.batch, 1}), y = g.input("y", {shape.batch, 1});
//       const Value guess = linear(x, 1, "line");
//       const Value count = g.constant(static_cast<float>(shape.batch));
//       return {.output = guess, .loss = {sum(square(guess - y)), count}};
//     }
//
//     Learner learner(store, {.build = line, .train_shapes = source.shapes()}, workers);
//
// Its steps are taken by fit(), of models/training/fit.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/plan/execution.h"
#include "models/data/batch.h"
#include "models/model.h"
#include "models/model_settings.h"
#include "models/training/optimiser.h"

namespace abax {

struct LearnerConfig {
  ModelSettings model = ModelSettings();  // of the registry, unless there is a `build`
  /// One's own model, of any inputs that the batches bring, in the place of the registry's.
  std::function<Model(Graph& graph, const BatchShape& shape)> build = {};
  OptimiserConfig optimiser = {};
  std::vector<BatchShape> train_shapes = {};  // of the batches that learn() gets; may be empty
  std::vector<BatchShape> check_shapes = {};  // of those that evaluate() gets; may be empty
  std::string check_label = {};  // of evaluate()'s graphs, see Graph: whose carried state they have
  double most_loss = 700;   // nats a unit; more is divergence: of a token even its perplexity is no
                            // number any more
  bool accumulate = false;  // updates are made by apply(), of all batches since the last one
  std::vector<std::string> frozen =
      {};                  // beginnings of the names of parameters that stay as they are
  std::string inner = {};  // beginning of the names of those that learn_inner() moves
};

/// Something summed over what counts, such as nats over targets, and how many counted.
struct Tally {
  double sum = 0;
  double count = 0;
  double mean() const { return count > 0 ? sum / count : 0; }
  void add(const Tally& more) { sum += more.sum, count += more.count; }
};

/// What a batch or a pass gave. Statistics of a pass are sums over its batches; those of a training
/// batch are left out.
struct Evaluation {
  Tally loss;                                             // nats
  std::map<std::string, Tally> metrics;                   // those of the model
  std::map<std::string, std::vector<double>> statistics;  // likewise
  void add(const Evaluation& more);
};

/// Parameters come from the store where it has them. Every shape of batches has a plan, and all
/// plans share one workspace: training and validation never overlap.
class Learner {
 public:
  Learner(Variables& store, const LearnerConfig& config, Workers& workers);

  /// One batch, whose shape is one of the training shapes: loss and gradients, and the update
  /// unless the configuration accumulates. Throws DivergedError where the loss or the gradient is
  /// out of all bounds.
  Evaluation learn(const data::Batch& batch, const Scalars& scalars);
  /// The same of the parameters of LearnerConfig::inner alone, with an optimiser of their own
  /// (saved under "optimiser/inner"), at once even where the others accumulate: an encoder that is
  /// to keep up with its decoder takes several such steps before each of learn() (He et al. 2019,
  /// "Lagging inference networks and posterior collapse"). Throws UsageError besides where the
  /// configuration names none.
  Evaluation learn_inner(const data::Batch& batch, const Scalars& scalars);
  /// Whether training follows this schedule: whether a plan has such an input.
  bool reads(std::string_view scalar) const;
  /// The scalar inputs (f32 []) of its training plans, by name.
  std::vector<std::string> scalars() const;
  /// Whether updates are made by apply().
  bool accumulates() const { return apply_.plan != nullptr; }
  /// The update by what learn() has accumulated. Throws UsageError where the configuration does not
  /// accumulate.
  void apply(const Scalars& scalars);
  /// The norm of the mean gradient of the last update, before clipping.
  double gradient_norm() const { return gradient_norm_; }

  /// A pass over a source whose shapes are among the check shapes, or its batches [first, last).
  /// Changes no parameter. Throws UsageError on other shapes and batches.
  Evaluation evaluate(const data::BatchSource& source);
  Evaluation evaluate(const data::BatchSource& source, std::int64_t first, std::int64_t last);

  /// Trainable parameters, counted in elements.
  std::int64_t parameters() const;
  /// FLOP of training on one batch, of the dearest shape; bytes of all workspaces.
  double step_flops() const;
  std::size_t workspace_bytes() const;
  /// The execution of a training shape, for profiles. Throws UsageError where there is none.
  Execution& learning(int shape = 0) { return *of_shape(train_, shape).execution; }

 private:
  struct Part {
    BatchShape shape;
    std::unique_ptr<Graph> graph;
    Model model;
    Value norm;  // of the graph that updates
    std::shared_ptr<const Plan> plan;
    std::unique_ptr<Execution> execution;
  };
  static Part& of_shape(std::vector<Part>& parts, int shape);
  Evaluation step(Part& part, const data::Batch& batch, const Scalars& scalars, double& norm);
  void build_inner(Variables& store, const LearnerConfig& config);
  void build_train(Variables& store, const LearnerConfig& config);
  void build_check(Variables& store, const LearnerConfig& config);
  static Evaluation run(Part& part, const data::Batch& batch);

  double most_loss_;
  std::vector<Part> train_, check_;
  std::vector<Part> inner_;  // one a training shape, where the configuration has such parameters
  Part apply_;               // without a plan unless updates are made by apply()
  double gradient_norm_ = 0;
};

}  // namespace abax
