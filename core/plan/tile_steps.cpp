// Building tile programs out of elementwise steps.
#include "core/plan/tile_steps.h"

#include <algorithm>
#include <map>

namespace abax {

bool is_elementwise(const Step& step) {
  return step.op && !step.tiles && step.outputs.size() == 1 && step.op->tile().has_value();
}

bool is_whole(const Program& program, int id) {
  const ProgramValue& value = program.value(id);
  return value.view_of < 0 ||
         (value.byte_offset == 0 && value.type.dtype == program.value(value.view_of).type.dtype &&
          value.type.size() == program.value(value.view_of).type.size());
}

Step fused_step(const Program& program, std::span<const Step* const> members,
                const std::vector<bool>& is_output) {
  Step fused;
  // A whole view of a result is that result.
  std::map<int, std::size_t> result;  // value -> the instruction that computes it
  for (std::size_t k = 0; k < members.size(); ++k) result[members[k]->outputs.front()] = k;
  const auto computed = [&](int id) { return result.find(program.root(id)); };
  for (const Step* member : members)
    for (const int id : member->inputs)
      if (computed(id) == result.end() && std::ranges::find(fused.inputs, id) == fused.inputs.end())
        fused.inputs.push_back(id);

  std::vector<TileProgram::Instruction> instructions;
  std::vector<int> written;
  for (std::size_t k = 0; k < members.size(); ++k) {
    const Step& member = *members[k];
    TileProgram::Instruction instruction = *member.op->tile();
    for (std::size_t i = 0; i < member.inputs.size(); ++i) {
      const auto own = computed(member.inputs[i]);
      const std::size_t reg =
          own != result.end()
              ? fused.inputs.size() + own->second
              : static_cast<std::size_t>(std::ranges::find(fused.inputs, member.inputs[i]) -
                                         fused.inputs.begin());
      instruction.in[i] = static_cast<int>(reg);
    }
    instructions.push_back(instruction);
    const int output = member.outputs.front();
    if (is_output[static_cast<std::size_t>(output)]) {
      fused.outputs.push_back(output);
      written.push_back(static_cast<int>(fused.inputs.size() + k));
    }
    fused.nodes.insert(fused.nodes.end(), member.nodes.begin(), member.nodes.end());
  }
  fused.own_inputs = static_cast<int>(fused.inputs.size());
  fused.tiles = std::make_shared<TileProgram>(
      program.value(members.front()->outputs.front()).type.shape, types_of(program, fused.inputs),
      std::move(instructions), std::move(written));
  return fused;
}

}  // namespace abax
