// Training and evaluation of a language model: the plans, and one step or one pass with them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/plan/execution.h"
#include "models/language_model.h"
#include "models/optimiser.h"
#include "tools/data/token_stream.h"

namespace abax {

struct LearnerConfig {
  std::string model = "lstm_lm";
  LanguageModelConfig language;
  OptimiserConfig optimiser;
  std::int64_t batch = 20;   // sequences a step
  std::int64_t length = 35;  // tokens a sequence
  bool accumulate = false;   // updates are made by apply(), of all batches since the last one
  std::vector<std::string> frozen =
      {};  // beginnings of the names of parameters that stay as they are
};

/// Nats summed over targets, and how many counted.
struct LossSum {
  double sum = 0;
  double count = 0;
  double mean() const { return count > 0 ? sum / count : 0; }
};

/// Parameters come from the store where it has them. Executions share one workspace: training and
/// validation never overlap.
class LanguageLearner {
 public:
  LanguageLearner(Variables& store, const LearnerConfig& config, Workers& workers);

  /// One batch: loss and gradients, and the update unless the configuration accumulates. Throws
  /// DivergedError where the loss or the gradient is out of all bounds.
  LossSum learn(const data::Batch& batch, float learning_rate);
  /// The update by what learn() has accumulated.
  void apply(float learning_rate);
  /// The norm of the mean gradient of the last update, before clipping.
  double gradient_norm() const { return gradient_norm_; }

  /// A pass over a stream of this batch and length, with the carried state of its own. Changes no
  /// parameter.
  LossSum evaluate(const data::TokenStream& stream);

  /// Trainable parameters, counted in elements.
  std::int64_t parameters() const;
  /// Of one batch's training: FLOP, and the bytes of all workspaces.
  double step_flops() const;
  std::size_t workspace_bytes() const;
  Execution& learning() { return *learn_; }

 private:
  struct Part {
    std::unique_ptr<Graph> graph;
    LanguageModel model;
    std::shared_ptr<const Plan> plan;
  };
  LossSum run(Execution& execution, const LanguageModel& model, const data::Batch& batch);

  Part train_, check_;
  std::unique_ptr<Graph> apply_graph_;
  std::shared_ptr<const Plan> apply_plan_;
  Value norm_;  // of the graph that updates
  std::unique_ptr<Execution> learn_, evaluate_, apply_;
  double gradient_norm_ = 0;
};

}  // namespace abax
