// The plans of a language model: learn, check and, where gradients are accumulated, apply.
#include "tools/language_learner.h"

#include <algorithm>
#include <cmath>

#include "core/base/text.h"
#include "models/registry.h"

namespace abax {

LanguageLearner::LanguageLearner(Variables& store, const LearnerConfig& config, Workers& workers) {
  const LanguageModelEntry& entry = language_model(config.model);
  train_.graph = std::make_unique<Graph>(store, Mode::train);
  train_.model = entry.build(*train_.graph, config.language, config.length, config.batch);
  for (const std::string& prefix : config.frozen)
    if (store.freeze(prefix) == 0)
      throw UsageError(text("--freeze: no parameter's name starts with '", prefix, "'"));
  const Loss& loss = train_.model.loss;
  const Gradients gradients = gradients_of(loss);
  if (config.accumulate) {
    accumulate(gradients);
    apply_graph_ = std::make_unique<Graph>(store, Mode::train, "apply");
    norm_ = optimise(config.optimiser, accumulated(*apply_graph_));
    apply_plan_ = compile(*apply_graph_, {norm_});
    train_.plan = compile(*train_.graph, {loss.sum, loss.count});
  } else {
    norm_ = optimise(config.optimiser, gradients);
    train_.plan = compile(*train_.graph, {loss.sum, loss.count, norm_});
  }
  check_.graph = std::make_unique<Graph>(store, Mode::evaluate);
  check_.model = entry.build(*check_.graph, config.language, config.length, config.batch);
  check_.plan = compile(*check_.graph, {check_.model.loss.sum, check_.model.loss.count});

  const auto workspace = make_workspace();
  learn_ = std::make_unique<Execution>(train_.plan, store, workers, workspace);
  evaluate_ = std::make_unique<Execution>(check_.plan, store, workers, workspace);
  if (apply_plan_) apply_ = std::make_unique<Execution>(apply_plan_, store, workers, workspace);
}

LossSum LanguageLearner::run(Execution& execution, const LanguageModel& model,
                             const data::Batch& batch) {
  execution.set("tokens", batch.tokens);
  execution.set("targets", batch.targets);
  execution.set("keep", batch.stream_start ? 0.f : 1.f);
  execution.run();
  return {execution.scalar(model.loss.sum), execution.scalar(model.loss.count)};
}

LossSum LanguageLearner::learn(const data::Batch& batch, float learning_rate) {
  if (!apply_) learn_->set("learning_rate", learning_rate);
  const LossSum loss = run(*learn_, train_.model, batch);
  if (!apply_) gradient_norm_ = learn_->scalar(norm_);
  // Beyond this even the perplexity is no number any more.
  constexpr double most = 700;
  if (!(loss.mean() < most) || !std::isfinite(gradient_norm_))
    throw DivergedError(text("the loss is ", loss.mean(), " nats a token, the gradient's norm ",
                             gradient_norm_, " at batch ", batch.position,
                             "; a lower --lr, a longer --warmup or --clip may help"));
  return loss;
}

void LanguageLearner::apply(float learning_rate) {
  apply_->set("learning_rate", learning_rate);
  apply_->run();
  gradient_norm_ = apply_->scalar(norm_);
}

LossSum LanguageLearner::evaluate(const data::TokenStream& stream) {
  LossSum total;
  data::Batch batch = stream.make(0);
  for (std::int64_t window = 0; window < stream.windows(); ++window) {
    stream.fill(window, batch);
    const LossSum loss = run(*evaluate_, check_.model, batch);
    total.sum += loss.sum;
    total.count += loss.count;
  }
  return total;
}

std::int64_t LanguageLearner::parameters() const {
  std::int64_t count = 0;
  for (const Value& parameter : train_.graph->parameters()) count += parameter.type().size();
  return count;
}

double LanguageLearner::step_flops() const { return flops(*train_.plan); }

std::size_t LanguageLearner::workspace_bytes() const {
  return std::max(
      {memory(*train_.plan), memory(*check_.plan), apply_plan_ ? memory(*apply_plan_) : 0});
}

}  // namespace abax
