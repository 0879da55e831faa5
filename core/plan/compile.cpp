// The passes in their order, then kernels and addresses.
#include "core/plan/compile.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/elementwise_op.h"
#include "core/plan/plan.h"

namespace abax {
namespace {

std::vector<TensorType> own_inputs(const Step& step, const Program& program) {
  return types_of(program, std::span(step.inputs).first(static_cast<std::size_t>(step.own_inputs)));
}

Kernel compile_step(const Step& step, const Program& program, Level level) {
  if (!step.op) return tile_kernel(step.tiles, level);
  return step.op->compile({.inputs = own_inputs(step, program),
                           .outputs = step.op_outputs,
                           .level = level,
                           .label = program.label,
                           .name = step.nodes.front(),
                           .epilogue = step.tiles});
}

double bytes_of(std::span<const TensorType> types) {
  double bytes = 0;
  for (const TensorType& type : types) bytes += static_cast<double>(type.bytes());
  return bytes;
}

/// What is fused does not travel through memory.
Cost cost_of(const Step& step, const Program& program) {
  Cost cost;
  if (step.op) cost = step.op->cost(own_inputs(step, program), step.op_outputs);
  if (!step.tiles) return cost;
  if (step.op) cost.bytes -= bytes_of(step.op_outputs);
  const std::size_t own = step.op ? static_cast<std::size_t>(step.own_inputs) : 0;
  cost.bytes += bytes_of(types_of(program, std::span(step.inputs).subspan(own))) +
                bytes_of(types_of(program, step.outputs));
  for (const TileProgram::Instruction& instruction : step.tiles->instructions())
    cost.flops += instruction.op->flops * static_cast<double>(step.tiles->shape().size());
  return cost;
}

Program run_passes(const Graph& graph, std::span<const Value> outputs,
                   const CompileOptions& options, const SourceLocation& where) {
  Program program = lower(graph, outputs, where);
  if (options.merge) merge(program);
  if (options.views) make_views(program);
  snapshot(program);
  if (options.fuse) fuse(program);
  if (options.epilogues) attach_epilogues(program);
  if (options.pack) pack(program);
  return program;
}

Address locate(const Plan& plan, int id) {
  const Program& program = plan.program;
  const int root = program.root(id);
  const ProgramValue& origin = program.value(root);
  const std::size_t offset = static_cast<std::size_t>(program.value(id).byte_offset);
  switch (origin.source) {
    case Source::input:
      return {plan.input_base(origin.index), offset};
    case Source::variable:
      return {plan.variable_base(origin.index), offset};
    case Source::constant:
      return {plan.constant_base(origin.index), offset};
    case Source::packed:
      return {plan.pack_base(), plan.pack_offsets[static_cast<std::size_t>(origin.index)]};
    case Source::computed:
      break;
  }
  for (const Program::Commit& commit : program.commits)
    if (commit.in_place && program.root(commit.value) == root)
      return {plan.variable_base(commit.variable), offset};
  return {0, plan.memory.offsets[static_cast<std::size_t>(root)] + offset};
}

/// Appends the addresses of a step's operands and of its scratch.
void append_addresses(Plan& plan, PlanStep& planned, const Step& step, std::size_t scratch) {
  const auto append = [&](const std::vector<int>& values) {
    const int first = static_cast<int>(plan.addresses.size());
    for (const int id : values) plan.addresses.push_back(plan.address_of(id));
    return first;
  };
  planned.first_input = append(step.inputs);
  planned.first_output = append(step.outputs);
  planned.scratch = static_cast<int>(plan.addresses.size());
  plan.addresses.push_back({0, scratch});
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

std::shared_ptr<const Plan> compile(const Graph& graph, std::span<const Value> outputs,
                                    const CompileOptions& options, SourceLocation where) {
  if (!std::ranges::count(available_levels(), options.level))
    throw UsageError(str_cat("CompileOptions::level is ", name_of(options.level),
                             ", which this machine lacks; its best is ",
                             name_of(available_levels().back()), "\n  at ", place_of(where)));
  const auto plan = std::make_shared<Plan>();
  plan->options = options;
  plan->graph = graph.serial();
  plan->program = run_passes(graph, outputs, options, where);
  Program& program = plan->program;
  const int first_update = updates_last(program);

  const auto prepare = [&](const Step& step) -> PlanStep {
    return {.kernel = compile_step(step, program, options.level), .cost = cost_of(step, program)};
  };
  std::vector<PlanStep> prepared;
  std::vector<Work> work;
  for (const Step& step : program.steps) {
    prepared.push_back(prepare(step));
    work.push_back({prepared.back().kernel.parts, prepared.back().cost});
    plan->random = plan->random || (step.op && !step.op->repeatable());
  }
  Schedule order = schedule(program, work, first_update, options.concurrent);
  plan->times = std::move(order.times);
  std::vector<Step> steps;
  std::vector<std::size_t> scratch;
  for (const int s : order.order) {
    steps.push_back(std::move(program.step(s)));
    plan->steps.push_back(std::move(prepared[static_cast<std::size_t>(s)]));
    scratch.push_back(plan->steps.back().kernel.scratch);
  }
  program.steps = std::move(steps);
  plan->memory = plan_memory(program, scratch, plan->times, first_update, options.reuse);
  for (const Program::Pack& pack : program.packs) {
    plan->packs.push_back(prepare(pack.step));
    plan->pack_offsets.push_back(plan->pack_bytes);
    plan->pack_bytes += aligned(pack.step.op_outputs.front().bytes());
    // Packs come before all steps: their scratch is the arena, which is free then.
    plan->memory.arena_bytes =
        std::max(plan->memory.arena_bytes, plan->packs.back().kernel.scratch);
  }

  for (int id = 0; id < program.value_count(); ++id)
    plan->value_addresses.push_back(locate(*plan, id));
  for (std::size_t s = 0; s < plan->steps.size(); ++s)
    append_addresses(*plan, plan->steps[s], program.steps[s], plan->memory.scratch_offsets[s]);
  for (std::size_t i = 0; i < plan->packs.size(); ++i)
    append_addresses(*plan, plan->packs[i], program.packs[i].step, 0);
  // The counter of random numbers exists from now on, so that executions in several threads find
  // it.
  if (plan->random) graph.store().runs(graph.label());
  return plan;
}

std::shared_ptr<const Plan> compile(const Graph& graph, std::initializer_list<Value> outputs,
                                    const CompileOptions& options, SourceLocation where) {
  return compile(graph, std::span(outputs.begin(), outputs.size()), options, where);
}

std::size_t memory_bytes(const Plan& plan) {
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
