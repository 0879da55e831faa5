// The plans of a model: learn and check, one a shape, and apply where gradients are accumulated.
#include "models/training/learner.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/plan/plan.h"
#include "models/registry.h"

namespace abax {
namespace {

constexpr const char* inner_group = "inner";  // the optimiser of LearnerConfig::inner

/// What a run gives for an Evaluation.
std::vector<Value> results_of(const Model& model) {
  std::vector<Value> values{model.loss.sum, model.loss.count};
  for (const auto& [name, metric] : model.metrics)
    values.insert(values.end(), {metric.sum, metric.count});
  for (const auto& [name, sums] : model.statistics) values.push_back(sums);
  return values;
}

Model built(const LearnerConfig& config, Graph& g, const BatchShape& shape) {
  return config.build ? config.build(g, shape) : config.model.entry().build(g, config.model, shape);
}

OptimiserConfig optimiser_of(const LearnerConfig& config, const Model& model) {
  OptimiserConfig optimiser = config.optimiser;
  optimiser.apart.insert(optimiser.apart.end(), model.apart.begin(), model.apart.end());
  return optimiser;
}

}  // namespace

Learner::Learner(Variables& store, const LearnerConfig& config, Workers& workers)
    : most_loss_(config.most_loss) {
  build_train(store, config);
  if (!config.inner.empty()) build_inner(store, config);
  build_check(store, config);
  const auto workspace = make_workspace();
  const auto execute = [&](Part& part) {
    part.execution = std::make_unique<Execution>(part.plan, store, workers, workspace);
  };
  std::ranges::for_each(train_, execute);
  std::ranges::for_each(inner_, execute);
  std::ranges::for_each(check_, execute);
  if (apply_.plan) execute(apply_);
}

void Learner::build_train(Variables& store, const LearnerConfig& config) {
  for (const BatchShape& shape : config.train_shapes) {
    Part& part = train_.emplace_back();
    part.shape = shape;
    part.graph = std::make_unique<Graph>(store, Mode::train);
    part.model = built(config, *part.graph, shape);
    for (const std::string& prefix : config.frozen)
      if (store.freeze(prefix) == 0)
        throw UsageError(
            str_cat("LearnerConfig::frozen: no parameter's name starts with '", prefix, "'"));
    const Loss& loss = part.model.loss;
    const Gradients gradients = gradients_of(loss);
    std::vector<Value> outputs = results_of(part.model);
    if (config.accumulate)
      accumulate(gradients);
    else
      outputs.push_back(part.norm = optimise(optimiser_of(config, part.model), gradients));
    part.plan = compile(*part.graph, outputs);
  }
  if (!config.accumulate || train_.empty()) return;
  apply_.graph = std::make_unique<Graph>(store, Mode::train, "apply");
  apply_.norm = optimise(optimiser_of(config, train_.front().model), accumulated(*apply_.graph));
  apply_.plan = compile(*apply_.graph, {apply_.norm});
}

void Learner::build_inner(Variables& store, const LearnerConfig& config) {
  for (const BatchShape& shape : config.train_shapes) {
    Part& part = inner_.emplace_back();
    part.shape = shape;
    part.graph = std::make_unique<Graph>(store, Mode::train);
    part.model = built(config, *part.graph, shape);
    const std::vector<Value> parameters = parameters_of(*part.graph, config.inner);
    OptimiserConfig optimiser = optimiser_of(config, part.model);
    optimiser.group = inner_group;
    optimiser.average = 0;  // the average is that of whole updates
    part.norm = optimise(optimiser, gradients_of(part.model.loss, parameters));
    std::vector<Value> outputs = results_of(part.model);
    outputs.push_back(part.norm);
    part.plan = compile(*part.graph, outputs);
  }
}

void Learner::build_check(Variables& store, const LearnerConfig& config) {
  for (const BatchShape& shape : config.check_shapes) {
    Part& part = check_.emplace_back();
    part.shape = shape;
    part.graph = std::make_unique<Graph>(store, Mode::evaluate, config.check_label);
    part.model = built(config, *part.graph, shape);
    part.plan = compile(*part.graph, results_of(part.model));
  }
}

Evaluation Learner::run(Part& part, const data::Batch& batch) {
  Execution& execution = *part.execution;
  // A model need not read all that a batch brings, such as whether streams go on.
  for (const auto& [name, tensor] : batch.inputs)
    if (execution.reads(name)) execution.set(name, tensor);
  execution.run();
  const auto tally = [&](const Loss& loss) -> Tally {
    return {execution.scalar(loss.sum), execution.scalar(loss.count)};
  };
  Evaluation result{.loss = tally(part.model.loss), .metrics = {}, .statistics = {}};
  for (const auto& [name, metric] : part.model.metrics) result.metrics[name] = tally(metric);
  for (const auto& [name, value] : part.model.statistics) {
    const auto sums = execution.get(value).as<float>();
    result.statistics[name].assign(sums.begin(), sums.end());
  }
  return result;
}

void Evaluation::add(const Evaluation& more) {
  loss.add(more.loss);
  for (const auto& [name, tally] : more.metrics) metrics[name].add(tally);
  for (const auto& [name, sums] : more.statistics) {
    std::vector<double>& total = statistics[name];
    total.resize(sums.size());
    for (std::size_t i = 0; i < sums.size(); ++i) total[i] += sums[i];
  }
}

Learner::Part& Learner::of_shape(std::vector<Part>& parts, int shape) {
  if (shape < 0 || shape >= static_cast<int>(parts.size()))
    throw UsageError(str_cat("the shape number ", shape, " was asked of a learner of ",
                             parts.size(), " training shapes (LearnerConfig::train_shapes)"));
  return parts[static_cast<std::size_t>(shape)];
}

Evaluation Learner::learn(const data::Batch& batch, const Scalars& scalars) {
  return step(of_shape(train_, batch.shape), batch, scalars, gradient_norm_);
}

Evaluation Learner::learn_inner(const data::Batch& batch, const Scalars& scalars) {
  if (inner_.empty() && !train_.empty())
    throw UsageError(
        "this learner has no parameters that move alone; name them by LearnerConfig::inner");
  Part& part = of_shape(inner_, batch.shape);
  if (const auto rate = scalars.find("learning_rate"); rate != scalars.end())
    part.execution->set(str_cat(inner_group, "/learning_rate"), rate->second);
  double norm = 0;  // the one that is told is that of whole updates
  return step(part, batch, scalars, norm);
}

Evaluation Learner::step(Part& part, const data::Batch& batch, const Scalars& scalars,
                         double& norm) {
  for (const auto& [name, value] : scalars)
    if (part.execution->reads(name)) part.execution->set(name, value);
  const Evaluation result = run(part, batch);
  if (part.norm) norm = part.execution->scalar(part.norm);
  if (!(result.loss.mean() < most_loss_) || !std::isfinite(norm))
    throw DivergedError(str_cat("the loss is ", result.loss.mean(), " nats, the gradient's norm ",
                                norm, " at batch ", batch.position,
                                "; a lower learning rate, a longer warm-up of it or a limit of the "
                                "gradient's norm (clip) may help"));
  return result;
}

bool Learner::reads(std::string_view scalar) const {
  const auto has = [&](const Part& part) { return part.execution->reads(scalar); };
  return std::ranges::any_of(train_, has) || (apply_.plan && has(apply_));
}

std::vector<std::string> Learner::scalars() const {
  std::set<std::string> names;
  const auto add = [&](const Part& part) {
    for (const Program::Input& input : part.plan->program.inputs)
      if (input.type == TensorType{{}, f32}) names.insert(input.name);
  };
  std::ranges::for_each(train_, add);
  if (apply_.plan) add(apply_);
  return {names.begin(), names.end()};
}

void Learner::apply(const Scalars& scalars) {
  if (!accumulates())
    throw UsageError(
        "this learner updates with each batch; LearnerConfig::accumulate waits for apply()");
  for (const auto& [name, value] : scalars)
    if (apply_.execution->reads(name)) apply_.execution->set(name, value);
  apply_.execution->run();
  gradient_norm_ = apply_.execution->scalar(apply_.norm);
}

Evaluation Learner::evaluate(const data::BatchSource& source) {
  return evaluate(source, 0, source.batches());
}

Evaluation Learner::evaluate(const data::BatchSource& source, std::int64_t first,
                             std::int64_t last) {
  if (first < 0 || last < first)
    throw UsageError(str_cat("there are no batches from ", first, " to ", last));
  std::vector<Part*> parts;  // one a shape of the source
  for (const BatchShape& shape : source.shapes()) {
    const auto found = std::ranges::find(check_, shape, &Part::shape);
    if (found == check_.end())
      throw UsageError(str_cat("this learner evaluates no batches of ", shape.batch, " x ",
                               shape.length,
                               shape.target_length > 0 ? str_cat(" x ", shape.target_length) : "",
                               "; name the shapes of the source in LearnerConfig::check_shapes"));
    parts.push_back(&*found);
  }
  Evaluation total;
  data::Batch batch;
  for (std::int64_t position = first; position < last; ++position) {
    source.fill(position, batch);
    Part& part = *parts[static_cast<std::size_t>(batch.shape)];
    total.add(run(part, batch));
  }
  return total;
}

std::int64_t Learner::parameters() const {
  std::int64_t count = 0;
  if (train_.empty() && check_.empty()) return 0;
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
  std::size_t most = apply_.plan ? memory_bytes(*apply_.plan) : 0;
  for (const auto* parts : {&train_, &inner_, &check_})
    for (const Part& part : *parts) most = std::max(most, memory_bytes(*part.plan));
  return most;
}

}  // namespace abax
