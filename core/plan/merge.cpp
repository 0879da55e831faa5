// Equal steps become one: equal op, attributes, inputs. Names and attributes are compared in full;
// ops of two classes, or over two tile operations, are never equal, whatever their names.
#include <cstring>
#include <map>
#include <tuple>
#include <typeindex>

#include "core/plan/passes.h"

namespace abax {
namespace {

bool equal(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

/// For each value the one that takes its place: equal constants become the first of them.
std::vector<int> merged_constants(const Program& program) {
  std::vector<int> result(program.values.size());
  std::multimap<std::size_t, int> seen;  // bytes -> the value of a constant
  for (int id = 0; id < program.value_count(); ++id) {
    result[static_cast<std::size_t>(id)] = id;
    const ProgramValue& value = program.value(id);
    if (value.source != Source::constant) continue;
    const auto tensor = [&](int other) -> const Tensor& {
      return *program.constants[static_cast<std::size_t>(program.value(other).index)];
    };
    const auto [first, last] = seen.equal_range(value.type.bytes());
    auto same = first;
    while (same != last && !equal(tensor(same->second), tensor(id))) ++same;
    if (same != last)
      result[static_cast<std::size_t>(id)] = same->second;
    else
      seen.emplace(value.type.bytes(), id);
  }
  return result;
}

}  // namespace

void merge(Program& program) {
  using Key =
      std::tuple<std::type_index, const TileOp*, std::string, std::string, std::vector<int>>;
  std::map<Key, std::vector<int>> known;  // the outputs of the first step of its kind
  std::vector<int> replaced = merged_constants(program);
  const auto replace = [&](int& id) { id = replaced[static_cast<std::size_t>(id)]; };
  std::vector<Step> kept;
  for (Step& step : program.steps) {
    for (int& id : step.inputs) replace(id);
    if (step.op->repeatable()) {
      const Op& op = *step.op;
      const auto tile = op.tile();
      Key key{typeid(op), tile ? tile->op : nullptr, std::string(op.name()), op.attributes(),
              step.inputs};
      const auto [same, fresh] = known.emplace(std::move(key), step.outputs);
      if (!fresh && types_of(program, same->second) == step.op_outputs) {
        for (std::size_t i = 0; i < step.outputs.size(); ++i)
          replaced[static_cast<std::size_t>(step.outputs[i])] = same->second[i];
        continue;
      }
    }
    kept.push_back(std::move(step));
  }
  program.steps = std::move(kept);
  for (Program::Output& output : program.outputs) replace(output.value);
  for (Program::Commit& commit : program.commits) replace(commit.value);
}

}  // namespace abax
