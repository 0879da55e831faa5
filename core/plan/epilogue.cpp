// Elementwise steps are attached to the op whose result they take, where nobody else needs it: the
// result is worked on while it is still in the cache, and never written.
//
// A sum of a product and an older gradient is such a step too; the memory pass then lets the
// product accumulate into the older gradient's memory.
#include <algorithm>
#include <optional>

#include "core/plan/passes.h"
#include "core/plan/tile_steps.h"

namespace abax {
namespace {

class Epilogues {
 public:
  explicit Epilogues(Program& program)
      : program_(program),
        producers_(producers(program)),
        readers_(readers(program)),
        kept_(kept_to_the_end(program)) {}

  void attach_all() {
    std::vector<bool> gone(program_.steps.size(), false);
    for (int s = 0; s < program_.step_count(); ++s) {
      Step& step = program_.step(s);
      if (step.op && !is_elementwise(step)) continue;
      const int result = result_to_replace(step);
      if (result < 0) continue;
      const int host = producers_[at(result)];
      step = attached(program_.step(host), alone(step), result);
      gone[at(host)] = true;
    }
    std::vector<Step> kept;
    for (int s = 0; s < program_.step_count(); ++s)
      if (!gone[at(s)]) kept.push_back(std::move(program_.step(s)));
    program_.steps = std::move(kept);
  }

 private:
  /// The input that is the result of a step which takes this one as its epilogue, or -1. Of
  /// several the one that is computed last: the others are there by then.
  int result_to_replace(const Step& step) const {
    int best = -1;
    for (const int id : step.inputs) {
      const int root = program_.root(id);
      const int host = producers_[at(id)];
      if (host < 0 || kept_[at(root)] || readers_[at(root)].size() != 1) continue;
      const Step& op = program_.step(host);
      if (!op.op || op.tiles || !op.op->accepts_epilogue() || op.outputs.size() != 1) continue;
      // Element for element, and read nowhere else in this step.
      if (!is_whole(program_, id) ||
          program_.value(id).type.size() != program_.value(step.outputs.front()).type.size() ||
          std::ranges::count_if(step.inputs,
                                [&](int other) { return program_.root(other) == root; }) != 1)
        continue;
      if (best < 0 || host > producers_[at(best)]) best = id;
    }
    return best;
  }

  /// A single elementwise op as a tile program.
  Step alone(const Step& step) const {
    if (!step.op) return step;
    std::vector<bool> is_output(program_.values.size(), false);
    is_output[at(step.outputs.front())] = true;
    const Step* const members[] = {&step};
    return fused_step(program_, members, is_output);
  }

  /// `host` with `tail`, a tile program alone, as its epilogue: its input `result` becomes operand
  /// 0.
  static Step attached(const Step& host, const Step& tail, int result) {
    const TileProgram& program = *tail.tiles;
    const auto operand =
        static_cast<std::size_t>(std::ranges::find(tail.inputs, result) - tail.inputs.begin());
    const auto moved = [&](int reg) {
      const std::size_t r = at(reg);
      return static_cast<int>(r == operand ? 0 : r < operand ? r + 1 : r);
    };
    std::vector<TensorType> inputs = program.inputs();
    std::vector<TileProgram::Instruction> instructions = program.instructions();
    std::vector<int> outputs = program.outputs();
    std::rotate(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(operand),
                inputs.begin() + static_cast<std::ptrdiff_t>(operand) + 1);
    for (TileProgram::Instruction& instruction : instructions)
      for (int i = 0; i < instruction.op->arity; ++i)
        instruction.in[at(i)] = moved(instruction.in[at(i)]);
    for (int& output : outputs) output = moved(output);

    Step step = host;
    step.tiles = std::make_shared<TileProgram>(program.shape(), std::move(inputs),
                                               std::move(instructions), std::move(outputs));
    for (std::size_t i = 0; i < tail.inputs.size(); ++i)
      if (i != operand) step.inputs.push_back(tail.inputs[i]);
    step.outputs = tail.outputs;
    step.nodes.insert(step.nodes.end(), tail.nodes.begin(), tail.nodes.end());
    return step;
  }

  Program& program_;
  std::vector<int> producers_;
  std::vector<std::vector<int>> readers_;
  std::vector<bool> kept_;
};

}  // namespace

void attach_epilogues(Program& program) { Epilogues(program).attach_all(); }

}  // namespace abax
