// Variables that an op reads best in a packed form are packed once a version, not once a run.
#include <map>
#include <tuple>
#include <typeindex>

#include "core/plan/passes.h"

namespace abax {
namespace {

struct Use {
  int step = -1;
  int input = -1;
  std::shared_ptr<const Op> packed;  // the op to use instead
};

struct Uses {
  std::shared_ptr<const Op> pack;
  std::vector<Use> uses;
};

/// By value and format: two reads of one variable in one format share one packed copy.
using Formats = std::map<std::tuple<int, std::type_index, std::string>, Uses>;

Formats formats(const Program& program) {
  Formats result;
  for (int s = 0; s < program.step_count(); ++s) {
    const Step& step = program.step(s);
    if (!step.op) continue;
    const std::vector<TensorType> types =
        types_of(program, std::span(step.inputs).first(static_cast<std::size_t>(step.own_inputs)));
    for (int i = 0; i < step.own_inputs; ++i) {
      const int id = step.inputs[static_cast<std::size_t>(i)];
      if (program.value(program.root(id)).source != Source::variable) continue;
      const std::optional<Op::Packing> packing = step.op->packing(i, types);
      if (!packing) continue;
      std::string format = std::string(packing->pack->name()) + " " + packing->pack->attributes();
      const Op& pack = *packing->pack;
      Uses& uses = result[{id, typeid(pack), std::move(format)}];
      uses.pack = packing->pack;
      uses.uses.push_back({s, i, packing->packed});
    }
  }
  return result;
}

}  // namespace

void pack(Program& program) {
  std::vector<bool> replaced(program.steps.size(), false);  // one packed operand an op
  for (auto& [key, uses] : formats(program)) {
    const int id = std::get<int>(key);
    std::erase_if(uses.uses,
                  [&](const Use& use) { return replaced[static_cast<std::size_t>(use.step)]; });
    // A variable that changes at each run is packed at each run: that pays where two steps read it.
    if (uses.uses.size() < (program.reads_assigned_variable(id) ? 2u : 1u)) continue;
    const TensorType type = program.value(id).type;
    const TensorType packed_type = uses.pack->infer(std::span(&type, 1)).front();
    const int packed = program.add_value(packed_type, program.value(id).name);
    program.value(packed).source = Source::packed;
    program.value(packed).index = static_cast<int>(program.packs.size());
    Step step;
    step.op = uses.pack;
    step.inputs = {id};
    step.outputs = {packed};
    step.op_outputs = {packed_type};
    step.nodes = {program.value(id).name};
    step.own_inputs = 1;
    program.packs.push_back({program.value(program.root(id)).index, std::move(step)});
    for (const Use& use : uses.uses) {
      Step& reader = program.step(use.step);
      reader.op = use.packed;
      reader.inputs[static_cast<std::size_t>(use.input)] = packed;
      replaced[static_cast<std::size_t>(use.step)] = true;
    }
  }
}

}  // namespace abax
