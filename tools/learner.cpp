// The plans of a model: learn and check, one a shape, and apply where gradients are accumulated.
#include "tools/learner.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/registry.h"

namespace abax {

Learner::Learner(Variables& store, const LearnerConfig& config, Workers& workers) {
  build_train(store, config);
  build_check(store, config);
  const auto workspace = make_workspace();
  const auto execute = [&](Part& part) {
    part.execution = std::make_unique<Execution>(part.plan, store, workers, workspace);
  };
  std::ranges::for_each(train_, execute);
  std::ranges::for_each(check_, execute);
  if (apply_.plan) execute(apply_);
}

void Learner::build_train(Variables& store, const LearnerConfig& config) {
  for (const BatchShape& shape : config.train_shapes) {
    Part& part = train_.emplace_back();
    part.shape = shape;
    part.graph = std::make_unique<Graph>(store, Mode::train);
    part.model = model(config.model).build(*part.graph, config.sizes, shape);
    for (const std::string& prefix : config.frozen)
      if (store.freeze(prefix) == 0)
        throw UsageError(text("--freeze: no parameter's name starts with '", prefix, "'"));
    const Loss& loss = part.model.loss;
    const Gradients gradients = gradients_of(loss);
    if (config.accumulate) {
      accumulate(gradients);
      part.plan = compile(*part.graph, {loss.sum, loss.count});
    } else {
      part.norm = optimise(config.optimiser, gradients);
      part.plan = compile(*part.graph, {loss.sum, loss.count, part.norm});
    }
  }
  if (!config.accumulate || train_.empty()) return;
  apply_.graph = std::make_unique<Graph>(store, Mode::train, "apply");
  apply_.norm = optimise(config.optimiser, accumulated(*apply_.graph));
  apply_.plan = compile(*apply_.graph, {apply_.norm});
}

void Learner::build_check(Variables& store, const LearnerConfig& config) {
  for (const BatchShape& shape : config.check_shapes) {
    Part& part = check_.emplace_back();
    part.shape = shape;
    part.graph = std::make_unique<Graph>(store, Mode::evaluate);
    part.model = model(config.model).build(*part.graph, config.sizes, shape);
    std::vector<Value> outputs{part.model.loss.sum, part.model.loss.count};
    for (const auto& [name, metric] : part.model.metrics)
      outputs.insert(outputs.end(), {metric.sum, metric.count});
    part.plan = compile(*part.graph, outputs);
  }
}

Tally Learner::run(Part& part, const data::Batch& batch) {
  // A model need not read all that a batch brings, such as whether streams go on.
  for (const auto& [name, tensor] : batch.inputs)
    if (part.execution->reads(name)) part.execution->set(name, tensor);
  part.execution->run();
  return {part.execution->scalar(part.model.loss.sum),
          part.execution->scalar(part.model.loss.count)};
}

Tally Learner::learn(const data::Batch& batch, float learning_rate) {
  Part& part = train_[static_cast<std::size_t>(batch.shape)];
  if (part.norm) part.execution->set("learning_rate", learning_rate);
  const Tally loss = run(part, batch);
  if (part.norm) gradient_norm_ = part.execution->scalar(part.norm);
  // Beyond this even the perplexity is no number any more.
  constexpr double most = 700;
  if (!(loss.mean() < most) || !std::isfinite(gradient_norm_))
    throw DivergedError(text("the loss is ", loss.mean(), " nats, the gradient's norm ",
                             gradient_norm_, " at batch ", batch.position,
                             "; a lower --lr, a longer --warmup or --clip may help"));
  return loss;
}

void Learner::apply(float learning_rate) {
  apply_.execution->set("learning_rate", learning_rate);
  apply_.execution->run();
  gradient_norm_ = apply_.execution->scalar(apply_.norm);
}

Evaluation Learner::evaluate(const data::BatchSource& source) {
  return evaluate(source, 0, source.batches());
}

Evaluation Learner::evaluate(const data::BatchSource& source, std::int64_t first,
                             std::int64_t last) {
  std::vector<Part*> parts;  // one a shape of the source
  for (const BatchShape& shape : source.shapes()) {
    const auto found = std::ranges::find(check_, shape, &Part::shape);
    if (found == check_.end())
      throw UsageError(text("no plan was made for batches of ", shape.batch, " x ", shape.length));
    parts.push_back(&*found);
  }
  Evaluation total;
  data::Batch batch;
  for (std::int64_t position = first; position < last; ++position) {
    source.fill(position, batch);
    Part& part = *parts[static_cast<std::size_t>(batch.shape)];
    total.loss.add(run(part, batch));
    for (const auto& [name, metric] : part.model.metrics)
      total.metrics[name].add(
          {part.execution->scalar(metric.sum), part.execution->scalar(metric.count)});
  }
  return total;
}

std::int64_t Learner::parameters() const {
  std::int64_t count = 0;
  const Part& part = train_.empty() ? check_.front() : train_.front();
  for (const Value& parameter : part.graph->parameters()) count += parameter.type().size();
  return count;
}

double Learner::step_flops() const {
  double most = 0;
  for (const Part& part : train_) most = std::max(most, flops(*part.plan));
  return most;
}

std::size_t Learner::workspace_bytes() const {
  std::size_t most = apply_.plan ? memory(*apply_.plan) : 0;
  for (const auto* parts : {&train_, &check_})
    for (const Part& part : *parts) most = std::max(most, memory(*part.plan));
  return most;
}

}  // namespace abax
