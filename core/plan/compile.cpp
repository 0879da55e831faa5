// The passes in their order, then kernels and addresses.
#include "core/plan/compile.h"

#include <algorithm>

#include "core/plan/passes.h"
#include "core/plan/plan.h"

namespace abax {
namespace {

Kernel compile_step(const Step& step, const Program& program, Level level) {
  Signature signature;
  signature.inputs =
      types_of(program, std::span(step.inputs).first(static_cast<std::size_t>(step.own_inputs)));
  signature.outputs = step.op_outputs;
  signature.level = level;
  signature.label = program.label;
  signature.name = step.nodes.front();
  signature.epilogue = step.program;
  return step.op->compile(signature);
}

Cost cost_of(const Step& step, const Program& program) {
  const auto own =
      types_of(program, std::span(step.inputs).first(static_cast<std::size_t>(step.own_inputs)));
  return step.op->cost(own, step.op_outputs);
}

int append_addresses(Plan& plan, std::span<const int> values) {
  const int first = static_cast<int>(plan.addresses.size());
  for (const int id : values) plan.addresses.push_back(plan.address_of(id));
  return first;
}

}  // namespace

CompileOptions CompileOptions::plain() {
  return {.merge = false,
          .views = false,
          .fuse = false,
          .epilogues = false,
          .pack = false,
          .reuse = false,
          .concurrent = false};
}

Address Plan::address_of(int id) const {
  const int root = program.root(id);
  const ProgramValue& origin = program.value(root);
  const std::size_t offset = static_cast<std::size_t>(program.value(id).byte_offset);
  switch (origin.source) {
    case Source::input:
      return {input_base(origin.index), offset};
    case Source::variable:
      return {variable_base(origin.index), offset};
    case Source::constant:
      return {constant_base(origin.index), offset};
    case Source::packed:
      return {pack_base(), pack_offsets[static_cast<std::size_t>(origin.index)]};
    case Source::computed:
      break;
  }
  for (const Program::Commit& commit : program.commits)
    if (commit.in_place && program.root(commit.value) == root)
      return {variable_base(commit.variable), offset};
  return {0, memory.offsets[static_cast<std::size_t>(root)] + offset};
}

std::shared_ptr<const Plan> compile(const Graph& graph, std::span<const Value> outputs,
                                    const CompileOptions& options) {
  const auto plan = std::make_shared<Plan>();
  plan->options = options;
  plan->graph = &graph;
  plan->program = lower(graph, outputs);
  Program& program = plan->program;
  snapshot(program);

  std::vector<std::size_t> scratch;
  for (const Step& step : program.steps) {
    plan->steps.push_back(
        {.kernel = compile_step(step, program, options.level), .cost = cost_of(step, program)});
    scratch.push_back(plan->steps.back().kernel.scratch);
    plan->random = plan->random || (step.op && !step.op->repeatable());
  }
  plan->memory = plan_memory(program, scratch, options.reuse);
  for (std::size_t s = 0; s < plan->steps.size(); ++s) {
    PlanStep& step = plan->steps[s];
    step.first_input = append_addresses(*plan, program.steps[s].inputs);
    step.first_output = append_addresses(*plan, program.steps[s].outputs);
    step.scratch = static_cast<int>(plan->addresses.size());
    plan->addresses.push_back({0, plan->memory.scratch_offsets[s]});
  }
  // The counter of random numbers exists from now on, so that executions in several threads find
  // it.
  if (plan->random) graph.store().runs(graph.label());
  return plan;
}

std::shared_ptr<const Plan> compile(const Graph& graph, std::initializer_list<Value> outputs,
                                    const CompileOptions& options) {
  return compile(graph, std::span(outputs.begin(), outputs.size()), options);
}

std::size_t memory(const Plan& plan) {
  std::size_t bytes = plan.memory.arena_bytes + plan.pack_bytes;
  for (const auto& constant : plan.program.constants) bytes += constant->bytes();
  return bytes;
}

double flops(const Plan& plan) {
  double sum = 0;
  for (const PlanStep& step : plan.steps) sum += step.cost.flops;
  return sum;
}

int step_count(const Plan& plan) { return static_cast<int>(plan.steps.size()); }

}  // namespace abax
