// Reads of a variable mean its value at the beginning of the run, those after the last step too:
// what is fetched or assigned elsewhere, but lies in a variable that this run overwrites, is copied
// first.
#include "core/plan/copy.h"
#include "core/plan/passes.h"

namespace abax {

void snapshot(Program& program) {
  std::vector<Step> copies;
  const auto copy_first = [&](int id) {
    if (!program.reads_assigned_variable(id)) return id;
    for (const Step& made : copies)
      if (made.inputs.front() == id) return made.outputs.front();
    const TensorType type = program.value(id).type;
    const std::string name = program.value(id).name;
    const int copy = program.add_value(type, name);
    copies.push_back({.op = copy_op(),
                      .tiles = nullptr,
                      .inputs = {id},
                      .outputs = {copy},
                      .op_outputs = {type},
                      .nodes = {name},
                      .own_inputs = 1});
    return copy;
  };
  for (Program::Output& output : program.outputs) output.value = copy_first(output.value);
  for (Program::Commit& commit : program.commits) commit.value = copy_first(commit.value);
  program.steps.insert(program.steps.begin(), copies.begin(), copies.end());
}

}  // namespace abax
